"""What makes a stored decision traceable: log, confirmations, outbox, digests, retention."""
