"""Where a figure was measured: without it a figure means little."""

import os
import platform
import resource
import sys
from importlib.metadata import version
from pathlib import Path


def machine() -> dict[str, str]:
    """Processor, cores, load, and versions of what does the work."""
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "load": " ".join(f"{load:.1f}" for load in os.getloadavg()),
        "python": platform.python_version(),
        **{name: version(name) for name in ("numpy", "scipy", "pyarrow", "pandas", "msgspec")},
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def peak_mebibytes() -> float:
    """The most memory that this process has held so far; Linux counts KiB, macOS bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10
