"""Puts the programs that measure, and those that build heads, on the path: they lie beside the package."""

import sys
from pathlib import Path

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
sys.path[:0] = [str(EXPERIMENTS), str(EXPERIMENTS / "heads")]
