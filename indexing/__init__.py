"""The index: mappings, documents, queries, and what keeps Elasticsearch in step with PostgreSQL."""
