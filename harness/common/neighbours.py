"""Modules beside a user's Python file, which only that file may import."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType


class Neighbours:
    """A finder of modules in one folder. It is asked last, so it replaces no installed module."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names: set[str] = set()
        """Names of the imported modules, without the submodules of packages."""

    def find_spec(self, name: str, path: object = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """The spec of a top-level module in the folder. Submodules (with a ``path``) are left to their package."""
        spec = PathFinder.find_spec(name, [str(self.folder)]) if path is None else None
        if spec is None or spec.origin is None:  # a folder without ``__init__.py``, such as a data folder
            return None
        self.names.add(name)
        return spec

    def modules(self) -> dict[str, ModuleType]:
        """The imported modules, including submodules of packages."""
        return {name: module for name, module in sys.modules.items() if name.partition(".")[0] in self.names}


@contextmanager
def importable(folder: Path) -> Iterator[dict[str, Path]]:
    """Let the modules in a folder be imported within a ``with`` block.

    At the end the yielded dictionary maps the names of the imported modules to their files. The modules are then
    forgotten, since a file in another folder may have neighbours of the same names.
    """
    found: dict[str, Path] = {}
    finder, places = Neighbours(folder), sys.path.copy()
    # If the folder is also on ``sys.path`` (``python -m``), its modules must still count as neighbours.
    sys.path[:] = [place for place in places if Path(place).absolute() != folder]
    sys.meta_path.append(finder)
    importlib.invalidate_caches()
    try:
        yield found
    finally:
        sys.meta_path.remove(finder)
        sys.path[:] = places
        for name, module in finder.modules().items():
            if module.__file__ is not None:
                found[name] = Path(module.__file__)
            del sys.modules[name]
