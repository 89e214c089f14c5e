"""Training data: windows of the past, samples with labels, the model's inputs."""
