"""Folders beside a trial's record: the fine-tuned model, and checkpoints of an unfinished training.

A folder's name, such as ``weights-<hash>``, contains the hash of its files, so its content can be verified.
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
"""Prefix of the folders from which weights and checkpoints move into the store."""
WRONG_HASH = "its content does not match its name"
"""The fault of a file or folder whose content does not match the hash in its name."""


class HashedFolders(CheckedFiles):
    """The folders of a trial. A folder whose content does not match its name is broken."""

    @contextlib.contextmanager
    def checkpoint(self, trial: str, state: str) -> Iterator[Path | None]:
        """A local folder with the checkpoint ``state``, one of ``states``; ``None`` if it is missing or broken."""
        with self._folder(trial, state) as folder:
            yield folder

    def states(self, trial: str) -> list[str]:
        """Names of the checkpoints of a trial's training.

        There are several if a process was killed after it wrote a checkpoint and before it removed the previous
        checkpoint.
        """
        return [name for name in self.names(f"trials/{trial}") if name.startswith("checkpoint-") and SUFFIX not in name]

    def save_checkpoint(self, trial: str, folder: Path) -> None:
        """Move a folder with a checkpoint into the store, and remove the trial's earlier checkpoints."""
        if self.is_local:
            for file in (*folder.iterdir(), folder):
                sync(file)
        kept = self._take(f"trials/{trial}", folder, "checkpoint")
        for name in self.states(trial):
            if name != kept:
                self.remove(f"trials/{trial}/{name}")

    @contextlib.contextmanager
    def scratch(self, trial: str) -> Iterator[Path]:
        """A path for a folder that ``save`` or ``save_checkpoint`` takes over.

        It is on the store's disk if the store is local. First, folders of earlier attempts at the trial are removed if
        they are older than a day.
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
        """A local folder with the store's files under a name; ``None`` if the folder is missing or broken."""
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
        """Move a local folder into the store under a name with the hash of its files, and return the name."""
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
    """The name of a folder: its kind, and the hash of its files."""
    return f"{kind}-{digest([(file.name, file_digest(file)) for file in sorted(folder.iterdir())])}"


def _is_named_by_hash(folder: Path, name: str) -> bool:
    try:
        return hash_name(folder, name.partition("-")[0]) == name
    except OSError:
        return False
