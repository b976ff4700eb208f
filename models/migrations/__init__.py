"""The database's history: alembic's environment and one module for each step."""
