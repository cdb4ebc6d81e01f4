"""Studies, trials and their runs; ``README.md`` in this folder shows the rooms and their order."""

from pathlib import Path

ROOT = Path(__file__).parent
"""The folder of this package."""
