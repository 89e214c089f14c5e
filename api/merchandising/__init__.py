"""Merchandising: what the merchant wants of lists, known before a page asks."""
