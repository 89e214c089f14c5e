"""The demo shop: a year of a real grocer's purchases, made into canonical tables."""
