"""Waterlines and the flood archive: what the teacher's maps of past storms, each at a known sea level, tell."""
