"""Destination side of hop 1: the rows and row versions that the store keeps of one table, and their files."""
