"""From a store's records to tables, figures and a report. Imports neither torch nor Ray.

The names in ``__all__`` are for notebooks and scripts, see ``harness/docs/python.md``. They are imported on first use;
their types are in ``__init__.pyi``.
"""

import importlib
import importlib.util
from pathlib import Path
from typing import Any

__all__ = ["Loaded", "collapse_difference", "example", "load", "mean_difference", "read", "std_ratio"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    _check_harness()
    return getattr(importlib.import_module("analysis.loaded"), name)


def _check_harness() -> None:
    """Raise ``ImportError`` if a file of the user hides the package ``harness``, which this package imports."""
    found = importlib.util.find_spec("harness")
    file = Path(found.origin) if found is not None and found.origin else None
    if file is None or file.resolve().parent.parent != Path(__file__).resolve().parent.parent:
        place = repr(str(file)) if file is not None else "a folder of that name"
        raise ImportError(f"harness: Python imports {place} in place of steadytune's package; rename it")
