"""What stands and who lives behind embankments, in a plan: what nobody surveyed, and what to repair first."""
