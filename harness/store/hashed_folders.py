"""Folders beside a trial's record: the fine-tuned model, and states of a training that has not finished.

The name of a folder has the hash of its files, such as ``weights-<hash>``: it says what every file has to be.
"""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from harness.common.filesystem import make, remove_abandoned, sync
from harness.common.hashing import digest, file_digest
from harness.common.quarantine import SUFFIX
from harness.store.checked_files import CheckedFiles

SCRATCH = ".weights-"
"""Prefix of the folders from which weights move into the store."""
WRONG_HASH = "it is not what its name says"
"""The fault of a file whose name has another hash than its content."""


class HashedFolders(CheckedFiles):
    """The folders of a trial. A folder whose files differ from its name is broken."""

    @contextlib.contextmanager
    def checkpoint(self, trial: str, state: str) -> Iterator[Path | None]:
        """A local folder with a state of a trial's training, one of ``states``; ``None`` where it is broken."""
        with self._folder(trial, state) as folder:
            yield folder

    def states(self, trial: str) -> list[str]:
        """Names of the states of a trial's training.

        There are several where a process was killed between writing a state and removing the one before.
        """
        return [name for name in self.names(f"trials/{trial}") if name.startswith("checkpoint-") and SUFFIX not in name]

    def save_checkpoint(self, trial: str, folder: Path) -> None:
        """Take a folder with the state of a trial's training into the store, in place of those before."""
        if self.is_local:
            for file in (*folder.iterdir(), folder):
                sync(file)
        kept = self._take(f"trials/{trial}", folder, "checkpoint")
        for name in self.states(trial):
            if name != kept:
                self.remove(f"trials/{trial}/{name}")

    @contextlib.contextmanager
    def scratch(self, trial: str) -> Iterator[Path]:
        """A path for a folder that ``save`` or ``save_checkpoint`` takes, on the store's disk where that is local.

        Folders that killed attempts at the same trial left go first, once no living attempt can use them.
        """
        parent = Path(self.root) / "trials" / trial if self.is_local else None
        if parent is not None:
            make(parent)
            for left in parent.glob(f"{SCRATCH}*"):
                remove_abandoned(left)
        with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=parent) as folder:
            yield Path(folder) / "model"

    @contextlib.contextmanager
    def _folder(self, trial: str, name: str | None) -> Iterator[Path | None]:
        """A local folder with the files that the store has under a name; ``None`` for no folder and for a broken
        one."""
        with tempfile.TemporaryDirectory(prefix="steadytune-") as scratch:
            folder = Path(self.root) / "trials" / trial / str(name)
            if name and not self.is_local:
                folder = Path(scratch) / str(name)
                with contextlib.suppress(FileNotFoundError):
                    self.get(f"trials/{trial}/{name}", folder)
            if not name or not folder.is_dir():
                yield None
            elif not _is_named_by_hash(folder, name):
                self.note_fault(f"trials/{trial}/{name}", WRONG_HASH)
                yield None
            else:
                yield folder

    def _take(self, parent: str, local: Path, kind: str) -> str:
        """Move a local folder into the store under the name that its files give it, and return that name."""
        name = hash_name(local, kind)
        place = f"{parent}/{name}"
        if self.is_local and self.exists(place):
            if _is_named_by_hash(Path(self.root, place), name):
                return name
            self.note_fault(place, WRONG_HASH)
            self.repair()
        self.put(local, place)
        return name


def hash_name(folder: Path, kind: str) -> str:
    """The name that the files of a folder give it."""
    return f"{kind}-{digest([(file.name, file_digest(file)) for file in sorted(folder.iterdir())])}"


def _is_named_by_hash(folder: Path, name: str) -> bool:
    try:
        return hash_name(folder, name.partition("-")[0]) == name
    except OSError:
        return False
