"""Studies, trials and their runs; ``README.md`` in this folder shows the rooms and their order.

The names in ``__all__`` are for notebooks and scripts, see ``harness/docs/python.md``. They are imported on first use;
their types are in ``__init__.pyi``.
"""

import importlib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent
"""The folder of this package."""
HOMES = {
    "Arm": "harness.study",
    "Outcome": "harness.python_run",
    "Setting": "harness.study",
    "Study": "harness.study",
    "run": "harness.python_run",
    "trainable": "harness.python_tune",
}
"""Modules of the public names."""
__all__ = ["Arm", "Outcome", "Setting", "Study", "run", "trainable"]


def __getattr__(name: str) -> Any:
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(HOMES[name]), name)
