"""Source side of hop 1: reads a shop in one snapshot, in SQL that MySQL, MariaDB and SQLite compute alike."""
