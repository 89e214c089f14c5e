"""Copy of the catalogue: what pages read of a shop in a schema of its own, kept in the platform's database."""
