"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for a script.")]
CityArgument = Annotated[Path, typer.Argument(metavar="DIR", help="The city directory.")]
Store = Annotated[Path, typer.Option("--store", help="The data directory.")]
Outside = Annotated[
    Path | None,
    typer.Option(
        "--data",
        exists=True,
        file_okay=False,
        help="Folder with boundaries or data that the city's files name.",
    ),
]


def check_locale(locale: str, option: str) -> None:
    """Raises ``ConfigError``, which names the option, for a language that there is no catalogue of."""
    from streams.errors import ConfigError
    from tocsin.messages import LOCALES

    if locale not in LOCALES:
        raise ConfigError(option, f"no language is called {locale!r}", f"it may be {', '.join(LOCALES)}")
