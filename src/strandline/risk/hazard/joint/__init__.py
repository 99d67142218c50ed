"""Events of several drivers – sea, rain, river – and what they flood in a year, by total probability."""
