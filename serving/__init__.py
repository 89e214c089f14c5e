"""Serving of the registered model: online (BentoML), batch, publishing."""
