"""Versions and aliases in MLflow's registry."""
