"""Collections: what a collection file says, as descriptors that all other layers follow."""
