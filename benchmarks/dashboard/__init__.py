"""How soon the dashboard's map is there on a slow network, and how smoothly it moves on a large grid."""
