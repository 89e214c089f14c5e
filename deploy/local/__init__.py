"""Deployment without containers (`make up`): starts, watches and stops the platform's processes."""
