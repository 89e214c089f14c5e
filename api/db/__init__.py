"""Database machinery: connections, deadlines, statements, coalesced reads."""
