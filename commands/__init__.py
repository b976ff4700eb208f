"""What the commands do: each opens the services, calls the layers below and shows the outcome."""
