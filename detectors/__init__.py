"""Observed and expected in, scores out: one module a detector, one line in the registry."""
