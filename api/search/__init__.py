"""Search: words of a query, the vocabulary of the shop's texts, ranking and counting of what was found."""
