"""The shop's database: tables, sessions, migrations, loaders. Imports nothing of ours but settings."""
