"""Draft warnings in the Common Alerting Protocol, and those that a person issued."""
