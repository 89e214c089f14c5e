"""What shoppers see: the homepage with its fallback chain, product pages, browsing, pictures."""
