"""The demonstration: a written story in a simulated city, played through the real path."""
