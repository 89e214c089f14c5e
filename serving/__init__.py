"""The registered model at work: online (BentoML), batch, publishing."""
