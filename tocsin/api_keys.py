"""New API keys: a secret for the sender, a table with its hash for ``keys.toml``."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from streams.connect.keys import ApiKey, hashed, new_secret
from streams.errors import ConfigError
from tocsin import clock, config
from tocsin.toml_reader import convert

DAY_SECONDS: Final = 86_400


def made(
    name: str, feeds: tuple[str, ...], scopes: tuple[str, ...], days: int, directory: Path | None = None
) -> tuple[ApiKey, str]:
    """A key and its secret, good for so many days from now.

    Raises:
        ConfigError: an empty feed, no such scope; in ``directory`` no such feed, or the id is taken.
    """
    if not all(feeds):
        raise ConfigError("--feed", "is empty", "name a feed, or * for all")
    name = name or re.sub(r"[^A-Za-z0-9_-]", "", feeds[0]) or "all"
    secret = new_secret(name)
    expires = datetime.fromtimestamp(clock.now() + days * DAY_SECONDS, UTC).date().isoformat()
    facts = {"id": name, "hash": hashed(secret), "feeds": feeds, "scopes": scopes, "expires": expires}
    key = convert(msgspec.to_builtins(facts), ApiKey, "keys new")
    if directory is not None:
        _check(key, directory)
    return key, secret


def table(key: ApiKey) -> str:
    """The key as TOML."""
    feeds = ", ".join(f'"{feed}"' for feed in key.feeds)
    scopes = ", ".join(f'"{scope}"' for scope in key.scopes)
    return (
        f'[[key]]\nid = "{key.id}"\nhash = "{key.hash}"\nfeeds = [{feeds}]\nscopes = [{scopes}]\n'
        f'expires = "{key.expires}"'
    )


def _check(key: ApiKey, directory: Path) -> None:
    installation = config.load(directory)
    known = [feed.id for feed in installation.city.feeds]
    for feed in key.feeds:
        if feed not in (*known, "*"):
            raise ConfigError(
                "keys new --feed", f"no feed is called {feed!r}", f"it may be {', '.join(known)}"
            )
    if key.id in [one.id for one in installation.keys.key]:
        raise ConfigError("keys new --id", f"{key.id!r} is taken", "choose another")
