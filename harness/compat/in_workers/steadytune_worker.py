"""Makes a worker collect garbage seldom, before it imports libraries."""

import runpy
from pathlib import Path

runpy.run_path(str(Path(__file__).parents[2] / "common" / "machine" / "garbage.py"))["collect_seldom"]()
