"""Feature alignment: projection heads, classical kernels and quantum kernels."""
