"""Harvesting: how records come from sources, over OAI-PMH or as NDJSON over HTTP."""
