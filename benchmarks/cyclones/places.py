"""Coastal places of all basins."""

PLACES: dict[str, tuple[str, float, float]] = {
    "Khepupara": ("NI", 90.22, 21.98),
    "Chennai": ("NI", 80.29, 13.09),
    "Vung Tau": ("WP", 107.07, 10.34),
    "Da Nang": ("WP", 108.22, 16.07),
    "Manila": ("WP", 120.97, 14.58),
    "Hong Kong": ("WP", 114.17, 22.30),
    "Tokyo": ("WP", 139.77, 35.65),
    "Naha": ("WP", 127.67, 26.21),
    "Guam": ("WP", 144.65, 13.44),
    "Port Hedland": ("SI", 118.58, -20.31),
    "Port Louis": ("SI", 57.50, -20.16),
    "Beira": ("SI", 34.84, -19.83),
    "Toamasina": ("SI", 49.42, -18.15),
    "Townsville": ("SP", 146.82, -19.25),
    "Suva": ("SP", 178.42, -18.13),
    "Noumea": ("SP", 166.44, -22.28),
    "Miami": ("NA", -80.13, 25.77),
    "New Orleans": ("NA", -90.07, 29.95),
    "Havana": ("NA", -82.37, 23.14),
    "Charleston": ("NA", -79.92, 32.78),
    "San Juan": ("NA", -66.11, 18.46),
    "Acapulco": ("EP", -99.91, 16.84),
    "Cabo San Lucas": ("EP", -109.91, 22.88),
    "Hilo": ("EP", -155.06, 19.73),
}
"""Name → basin (for the table only), longitude, latitude [degrees]."""
