"""The contract of searches once more, in plain Python over plain records, without an index and without haste.

Written apart from the application, so that tests can hold one against the other. Filters, orders and paths use the
names of the GraphQL API; records are JSON documents in which `shapes.join` has put what their links lead to.
"""
