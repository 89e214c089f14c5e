"""What the project is developed with: its locks, version, documentation's site, and the programs of its tests.

Nothing that an installation runs imports it.
"""
