"""SQL of the API: connection in, rows out."""
