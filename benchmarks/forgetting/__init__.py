"""Fine-tuning on one coast, and what it forgets of the others."""
