"""Evaluation on a window that lies after everything a model was made from."""
