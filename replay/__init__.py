"""History in, the same decisions out."""
