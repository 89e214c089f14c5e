"""The model server's parts: reloading, webhook, answers."""
