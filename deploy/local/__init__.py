"""One-machine mode: starts, watches and stops the platform's processes."""
