"""The servers that `catalograph up` runs by itself, and the supervisor that keeps them running."""
