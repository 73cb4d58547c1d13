"""Test modules of this folder may import its walks, twins and generators by name."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
