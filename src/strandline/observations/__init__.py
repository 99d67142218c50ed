"""What is known of a place: typed data sets, their readers, the region file and the sea-level model."""
