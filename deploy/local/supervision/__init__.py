"""Supervision of the parts of `make up`: supervisord, its configuration, and the keeper of what loses its parent."""
