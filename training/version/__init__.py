"""A registered version's folder: its files, their export, their description in MLflow."""
