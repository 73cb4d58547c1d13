"""The real program under a wall clock that a test may turn: seconds to add stand in a file."""

import sys
import time
from pathlib import Path

REAL = time.time  # noqa: TID251  it stands in for the machine's clock


def shifted(path: Path) -> float:
    """The machine's clock and what the file adds now."""
    return REAL() + float(path.read_text() or 0)


if __name__ == "__main__":
    offset = Path(sys.argv.pop(1))
    time.time = lambda: shifted(offset)  # noqa: TID251  before anything of the program is imported

    from tocsin.cli import main

    main()
