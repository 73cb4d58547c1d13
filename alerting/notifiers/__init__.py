"""Ways to reach a receiver: each kind is one file and one line of the registry."""
