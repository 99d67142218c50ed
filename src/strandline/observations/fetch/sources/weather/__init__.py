"""Weather and rivers: reanalysis and forecasts by Open-Meteo, discharge of GloFAS, cyclone tracks of IBTrACS."""
