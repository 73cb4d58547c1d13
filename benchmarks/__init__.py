"""One script a question; each prints the machine, medians, and a ratio to a named peer in the same run."""
