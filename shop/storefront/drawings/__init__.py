"""Drawings of products as SVG, made on demand: nothing is written to disk, the same product always looks the same."""

from shop.storefront.drawings.product import render_product_drawing

__all__ = ["render_product_drawing"]
