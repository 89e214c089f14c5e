"""The storefront's API. Imports the shop alone; reaches the model over HTTP."""

__version__ = "0.1.0"
"""The project's, as pyproject.toml says; `make docs` writes it."""
