"""What a broker asks of us, and whom we trust: read where the configuration says, never in it."""

import os
import ssl
from pathlib import Path

from streams.errors import ConfigError
from streams.live.settings import SignIn


def password(config: SignIn, where: str) -> str | None:
    """The password; None where nobody signs in.

    Raises:
        ConfigError: the variable or file that is named holds none; ``where`` is the configuration's table.
    """
    if config.password_file:
        return _of_file(Path(config.password_file), f"{where}.password_file")
    if not config.password_env:
        return None
    found = os.environ.get(config.password_env, "")
    if not found:
        raise ConfigError(f"{where}.password_env", f"names {config.password_env}, which is not set", "set it")
    return found


def _of_file(path: Path, where: str) -> str:
    try:
        found = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        what = getattr(error, "strerror", None) or "is no text"
        raise ConfigError(where, f"{path} cannot be read: {what}", "check path and rights") from error
    if not found:
        raise ConfigError(where, f"{path} is empty", "put the password in it, and nothing else")
    return found


def trust(config: SignIn, where: str) -> ssl.SSLContext | None:
    """How the other side proves who it is; None without TLS.

    Raises:
        ConfigError: the certificates that are named cannot be read.
    """
    if not config.tls:
        return None
    try:
        return ssl.create_default_context(cafile=config.ca_file or None)
    except OSError as error:  # ssl's own error is one too
        what = error.strerror or str(error)
        raise ConfigError(
            f"{where}.ca_file", f"{config.ca_file} holds no certificates: {what}", "name a PEM file"
        ) from error
