"""Features at ranking time: candidates, features of pairs, encoding."""
