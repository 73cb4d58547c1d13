"""Lets the console's tests import what stands beside them, and gives them a browser."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from browser import chromium, visit

__all__ = ["chromium", "visit"]
