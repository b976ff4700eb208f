"""One layer at a time, on real servers."""
