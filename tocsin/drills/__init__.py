"""Drills (演练): scenarios, how they are played on the real path, and what came of them."""
