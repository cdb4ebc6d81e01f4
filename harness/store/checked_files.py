"""Files that are checked when they are read.

A broken file counts as missing, and ``repair`` moves it to quarantine.
"""

import contextlib
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from harness.common.filesystem import FileTree
from harness.common.quarantine import Fault, Quarantined, free_name

T = TypeVar("T")

READERS = 8
"""Number of threads that read files at once. A bucket answers slowly, but many requests at a time."""


class CheckedFiles(FileTree):
    """Files, and a list of the broken files among them. Reading adds to the list; it moves and writes nothing."""

    def __init__(self, place: str | os.PathLike[str]) -> None:
        super().__init__(place)
        self._faults: dict[str, Fault] = {}

    @property
    def faults(self) -> list[Fault]:
        """The files that were found broken and have not been moved."""
        return list(self._faults.values())

    def note_fault(self, name: str, reason: str) -> None:
        """Note that the present version of a file or folder is broken."""
        with contextlib.suppress(FileNotFoundError):
            self._faults[name] = Fault(name, reason, self.identity(name))

    def repair(self) -> list[Quarantined]:
        """Move the broken files to quarantine, and return the moved files.

        A file that another process has rewritten meanwhile stays. Raises ``UserError`` if the place cannot be written.
        """
        moved = []
        for fault in self.faults:
            if self._is_as_found(fault):
                new = free_name(fault.name, self.exists)
                if self.rename(fault.name, new):
                    moved.append(Quarantined(fault, new))
            del self._faults[fault.name]
        return moved

    def read_checked(self, name: str, parse: Callable[[dict[str, Any]], T]) -> T | None:
        """Read a JSON file and return ``parse`` of its content; ``None`` for a missing or broken file.

        ``parse`` raises ``ValueError`` for content that the program cannot have written. Raises ``UserError`` if the
        place does not let the file be read.
        """
        try:
            found = self.read_json(name)
            return parse(found) if found is not None else None
        except ValueError as error:
            self.note_fault(name, str(error))
            return None

    def overwrite(self, name: str, content: dict[str, Any], parse: Callable[[dict[str, Any]], object]) -> None:
        """Write a JSON file. If the present file of that name is broken, it goes to quarantine first."""
        self.read_checked(name, parse)
        self.repair()
        self.write_json(name, content)

    def _is_as_found(self, fault: Fault) -> bool:
        try:
            return self.identity(fault.name) == fault.identity
        except FileNotFoundError:
            return False


def read_each(read: Callable[[str], T | None], trials: Iterable[str]) -> dict[str, T]:
    """Results of ``read`` by trial id, in the given order. Trials with the result ``None`` are left out."""
    ids = list(trials)
    with ThreadPoolExecutor(READERS) as pool:
        return {trial: found for trial, found in zip(ids, pool.map(read, ids), strict=True) if found is not None}
