"""Data of a place from public services: what there is, how large it is, and a cache of it for work offline."""
