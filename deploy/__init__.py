"""How Catalograph is run: containers, proxies, and embedded servers for a laptop."""
