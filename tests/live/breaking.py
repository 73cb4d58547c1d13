"""The protocol's rules, broken one at a time: each must be caught by a test."""


def apply(rule: str) -> None:
    """Break a rule in this process; the empty name breaks none."""
    if rule:
        raise SystemExit(f"no rule is called {rule!r}")
