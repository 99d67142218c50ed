"""What data a region file offers, and what is missing."""
