"""From a snapshot and a version to ranked products. No torch here."""
