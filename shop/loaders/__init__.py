"""Where a shop's rows come from: the demo data set, a folder of files, or a generator. All end in one writer."""
