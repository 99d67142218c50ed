"""The sources: one frozen dataclass each."""
