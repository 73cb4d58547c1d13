"""The application: the pure pipeline, its configuration, and the edges that drive it."""
