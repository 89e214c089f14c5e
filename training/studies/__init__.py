"""Studies for development: no image carries what they need."""
