"""A real process that is killed in the middle of its work."""

import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run_child(command: Sequence[str], life_seconds: float | None) -> bytes:
    """Start it; kill it so long after it said that it is open. What it said at its end, nothing if killed."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == b"open\n", process.stderr.read().decode()
        if life_seconds is not None:
            time.sleep(life_seconds)
            process.send_signal(signal.SIGKILL)
        rest = process.stdout.read()
        process.wait()
        assert process.returncode in (0, -signal.SIGKILL), process.stderr.read().decode()
        return rest
