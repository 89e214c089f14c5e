"""What backups of one machine and of containers share: the folder with its checksums, the store, the schemas."""
