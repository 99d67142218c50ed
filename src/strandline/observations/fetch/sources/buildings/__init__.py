"""Buildings of open maps: class of damage and floor area, with what is not known of them."""
