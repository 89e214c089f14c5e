"""A version's folder: its files, their export, what MLflow is told of them."""
