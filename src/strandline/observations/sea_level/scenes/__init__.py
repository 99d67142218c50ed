"""The sea at the hours of scenes: its level there, and whether their clock can be right."""
