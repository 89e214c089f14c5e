"""Shops in schemas of their own: small databases that the ready mappings are tried on."""
