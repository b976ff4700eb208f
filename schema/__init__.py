"""How the API looks: its types, built from the collections, and the endpoint that answers for them."""
