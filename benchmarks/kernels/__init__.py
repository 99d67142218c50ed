"""Feature alignment by kernels, quantum kernels among them: scores, concentration, and time."""
