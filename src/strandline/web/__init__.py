"""The dashboard and its API over runs and the watch; read-only except for confirmations."""
