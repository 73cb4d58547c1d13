"""One pure mapping for each format in which a feed speaks."""
