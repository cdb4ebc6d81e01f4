"""A user's own code: a Python file with the modules beside it that it imports.

Tasks, metrics and methods share this module. The code's hash is part of ids, and workers receive the code by content.
"""

import hashlib
import tempfile
import traceback
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from harness.common import files, python_files
from harness.common.errors import reason

Sources = dict[str, bytes]
"""The content of files by their path within one folder."""
Bundle = dict[str, Sources]
"""The sources of each user's file, by the file's path on the machine that planned the trials. The user's file comes
first."""


class Code(NamedTuple):
    """A user's file that has been executed, and the modules beside it that it imports."""

    module: ModuleType
    value: object
    """The value of the variable that the caller asked for."""
    neighbours: Mapping[str, tuple[Path, bytes]]
    """File and content of each imported module, by its name."""

    def is_current(self) -> bool:
        return all(path.is_file() and path.read_bytes() == content for path, content in self.neighbours.values())


_received: dict[str, Path] = {}
"""Local path of each received file, by its path on the machine that planned the trials."""
_folders: dict[Path, str] = {}
"""Original folder of each received file, by the folder here."""
_kept: list["tempfile.TemporaryDirectory[str]"] = []
"""Folders of received files, deleted when this process ends."""


def file_of(field: str, name: str, otherwise: str) -> Path:
    """Path of a user's file in this process. Raises ``UserError`` that begins with ``field`` if there is none."""
    return _received.get(name) or files.existing(field, name, otherwise)


def executed(file: Path, name: str = "") -> Code:
    """A user's file with its value of ``name``, executed again only after it or one of its neighbours has changed.

    Raises ``UserError`` as ``python_files.executed`` does.
    """
    content = files.read(file)
    if not (found := _executed(file, name, content)).is_current():
        _executed.cache_clear()
        found = _executed(file, name, content)
    return found


@lru_cache(maxsize=32)
def _executed(file: Path, name: str, content: bytes) -> Code:
    module, value, beside = python_files.executed(file, name, content=content, shown=original(file))
    return Code(module, value, {module: (path, files.read(path)) for module, path in sorted(beside.items())})


def hashed(file: Path, name: str = "", scorer: str = "") -> str:
    """Content hash (16 hex digits) of a file, the modules beside it that it imports, and its scoring rules.

    The file's path does not matter. ``name`` is as in ``executed``.
    """
    code = executed(file, name)
    found = hashlib.sha256(files.read(file))
    for module, (_, content) in code.neighbours.items():
        found.update(f"\0{module}\0{len(content)}\0".encode() + content)
    if scorer:
        found.update(f"\0scorer\0{scorer}".encode())
    return found.hexdigest()[:16]


def packed(names: Mapping[str, str]) -> Bundle:
    """The code of users' files, to send to workers. ``names`` maps a file's path to its ``name`` in ``executed``."""
    return {file: _sources(file_of("code", file, "none"), name) for file, name in names.items()}


def _sources(file: Path, name: str) -> Sources:
    beside = executed(file, name).neighbours.values()
    folder = file.parent.absolute()
    return {file.name: file.read_bytes()} | {str(path.relative_to(folder)): content for path, content in beside}


def receive(bundle: Bundle) -> None:
    """Use received code in place of the files at the original paths, in this process only."""
    for name, sources in bundle.items():
        here = _received.get(name)
        if here is not None and all((here.parent / path).read_bytes() == held for path, held in sources.items()):
            continue
        _kept.append(tempfile.TemporaryDirectory(prefix="steadytune-code-"))
        folder = Path(_kept[-1].name).resolve()
        for path, content in sources.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        _received[name] = folder / next(iter(sources))
        _folders[folder] = str(Path(name).parent)


def original(file: Path) -> str:
    """A file's path on the machine that planned the trials, for messages."""
    folder = next((folder for folder in file.parents if folder in _folders), None)
    return str(file) if folder is None else str(Path(_folders[folder]) / file.relative_to(folder))


def told(error: Exception, file: Path) -> tuple[str, str]:
    """Two texts on an error in a user's code: the last file and line in that code, and the type with the message."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(file.parent.absolute()) or frame.filename == original(file)
    ]
    place = f"{original(Path(frames[-1].filename))}:{frames[-1].lineno}" if frames else original(file)
    return place, f"{type(error).__name__}: {reason(error)}"
