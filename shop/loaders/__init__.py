"""Loaders of a shop's rows: the demo data set, a folder of files, or a generator. All end in one writer."""
