"""Modules beside a user's Python file, for that file alone to import."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType


class Neighbours:
    """A finder of modules in one folder. Asked last, it replaces nothing that is installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names: set[str] = set()
        """Those that were imported, a package's submodules aside."""

    def find_spec(self, name: str, path: object = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """The import system's question; ``path`` is that of a package."""
        spec = PathFinder.find_spec(name, [str(self.folder)]) if path is None else None
        if spec is None or spec.origin is None:  # a folder without ``__init__.py``, such as one of data
            return None
        self.names.add(name)
        return spec

    def modules(self) -> dict[str, ModuleType]:
        """What was imported, with the submodules of packages."""
        return {name: module for name, module in sys.modules.items() if name.partition(".")[0] in self.names}


@contextmanager
def importable(folder: Path) -> Iterator[dict[str, Path]]:
    """Let the modules in a folder be imported for a while; afterwards the dictionary has the files of those that were,
    by name. They do not stay known to the process: a file in another folder may have neighbours of the same names."""
    found: dict[str, Path] = {}
    finder, places = Neighbours(folder), sys.path.copy()
    # Where the folder is the working directory of ``python -m``, too, its modules are neighbours.
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
