"""A generated shop of any size with known structure."""
