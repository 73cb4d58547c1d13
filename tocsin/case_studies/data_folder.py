"""Where the recorded sets lie: outside the project, because they are not ours to ship."""

import os
from pathlib import Path
from typing import Final

from streams.errors import DataError

VARIABLE: Final = "TOCSIN_DATA"
ROOT: Final = Path(__file__).resolve().parents[2]


def find_data(file: str, given: Path | None = None) -> Path | None:
    """The folder that holds ``file``: the one given, else that of the variable, else one beside the project.

    A ``data`` folder beside the project, or in a folder beside it, counts if it holds the file.
    """
    named = given or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
    beside = [ROOT.parent / "data", *sorted(ROOT.parent.glob("*/data"))]
    return next((folder for folder in ([named] if named else beside) if (folder / file).is_file()), None)


def need_data(file: str, given: Path | None = None) -> Path:
    """As ``find_data``; raises ``DataError`` that says how to name the folder."""
    folder = find_data(file, given)
    if folder is None:
        raise DataError(
            "case studies", f"no folder holds {file}", f"give it with --data DIR or the variable {VARIABLE}"
        )
    return folder
