"""The truth: collections, and their records in PostgreSQL."""
