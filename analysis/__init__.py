"""From a store's records to tables, figures and a report. Imports neither torch nor Ray.

The names in ``__all__`` are for notebooks and scripts, see ``harness/docs/python.md``. They are imported on first use;
their types are in ``__init__.pyi``.
"""

import importlib
from typing import Any

from harness.common.own_packages import check_own_packages

__all__ = ["Loaded", "collapse_difference", "example", "load", "mean_difference", "read", "std_ratio"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    check_own_packages()
    return getattr(importlib.import_module("analysis.loaded"), name)
