"""Forgetting after local fine-tuning."""
