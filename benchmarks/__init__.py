"""Measures what the project promises about speed and memory; `python -m benchmarks` runs all of it."""
