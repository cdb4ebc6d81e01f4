"""A check that no file of the user hides a package of steadytune.

Python imports from the working directory first, so ``analysis.py`` beside a notebook would be taken for ours.
"""

import importlib.util
from pathlib import Path

PACKAGES = ("harness", "search_spaces", "analysis")
HOME = Path(__file__).parent.parent.parent
"""The folder of our packages."""


def check_own_packages() -> None:
    """Raise ``ImportError`` if Python would import one of our packages from another folder."""
    for name in PACKAGES:
        found = importlib.util.find_spec(name)
        file = Path(found.origin) if found is not None and found.origin else None
        if file is None or file.resolve() != (HOME / name / "__init__.py").resolve():
            place = repr(str(file)) if file is not None else "a folder of that name"
            raise ImportError(
                f"{name}: Python imports {place} in place of steadytune's package; rename it or run elsewhere"
            )
