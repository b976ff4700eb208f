"""The compiled executor, held to graphql-core's behaviour."""
