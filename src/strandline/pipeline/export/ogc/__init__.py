"""A finished run by the standards of the OGC: a folder that pygeoapi serves as Features, Coverages and EDR."""
