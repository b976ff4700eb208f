"""What the fields of the API mean: authorise, call the layers below, give values of the domain."""
