"""Weather over a coast: its storms, the fields of cyclones, and how the sea responds."""
