"""Six works on our server, on graphql-core's executor, on a server written by hand, and on the stores' floor."""
