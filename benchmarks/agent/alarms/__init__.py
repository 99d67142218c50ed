"""How often, how long and how early the watch alarms: long real gauges, and ensembles of known onset."""
