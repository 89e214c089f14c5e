"""How the MLflow server runs: command, image, login."""
