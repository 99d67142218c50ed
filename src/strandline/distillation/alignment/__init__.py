"""Alignment of features: projection heads, classical kernels and quantum kernels."""
