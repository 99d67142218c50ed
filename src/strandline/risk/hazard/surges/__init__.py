"""Surges: their high waters, their tail, what is believed of it beforehand, and how they meet the tide."""
