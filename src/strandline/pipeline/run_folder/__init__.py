"""The folder of a run: one job at a time, stages that outlive an interruption, and products that change all at once."""
