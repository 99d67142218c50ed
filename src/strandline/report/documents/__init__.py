"""Documents to print and hand out: one page of a run, and a leaflet for each zone, in several languages."""
