"""The store of trials, in a folder or at any fsspec URL. Each file except logs is written whole or not at all.

store.json                          layout version
trials/<id>/result.json             record of a trial: its presence means that the trial has finished
trials/<id>/predictions-<hash>.parquet   gold and predicted labels of every scored example
trials/<id>/history-<hash>.parquet  learning history, one row per window of steps
trials/<id>/weights-<hash>/         fine-tuned model for from_pretrained, if weights are kept
trials/<id>/checkpoint-<hash>/      checkpoint of an unfinished training, to resume from
trials/<id>/failure.json            last failure of an unfinished trial
trials/<id>/stopped.json            progress of an unfinished trial that a search stopped early
studies/<name>.json                 a study as last run, with its trials' ids and all trials of its searches
fisher/<hash>.safetensors           Fisher diagonals; copied to each node if the store is not local
tokenised/<hash>/                   examples as model inputs, local stores only
running/<id>.json                   heartbeat of a running trial or Fisher diagonal
logs/<study>.log                    log of a study, local stores only
locks/<name>.lock                   locked by the process that runs a trial or search, local stores only
*.broken-<n>                        a broken file in quarantine; its old name stands before .broken-<n>
"""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from harness.common.errors import UserError, reason
from harness.common.filesystem import PART, remove_abandoned
from harness.common.quarantine import SUFFIX, Quarantined
from harness.store.heartbeats import FOLDER as RUNNING
from harness.store.heartbeats import Heartbeats
from harness.store.shared_files import SharedFiles
from harness.store.studies import Studies
from harness.store.trials import Trials
from harness.study import TrialConfig

LAYOUT = 1
ID = re.compile("[0-9a-f]{16}", re.ASCII)


class NoStoreError(UserError):
    """The error for a place without a store."""


class Store(Trials, Studies, SharedFiles, Heartbeats):
    """A store. If ``create`` is false, it must exist, and opening it writes nothing.

    A broken file counts as missing: see ``harness.store.checked_files``. Raises ``UserError`` if the place cannot be
    read or written, is not a store, or has another layout. Raises ``NoStoreError`` if a required store is missing.
    """

    def __init__(self, place: str | os.PathLike[str], *, create: bool = True) -> None:
        super().__init__(place)
        self.repaired_at_opening: list[Quarantined] = []
        """Files that moved to quarantine when the store was opened with ``create``."""
        try:
            self._check_layout(create)
            if create:
                self.repaired_at_opening = self.repair()
                # Written at every opening, so that a read-only place fails now and not after an hour.
                self.write_json("store.json", {"layout": LAYOUT})
        except UserError:
            raise
        except Exception as error:  # third-party file systems raise errors of any type
            raise UserError(
                f"store: {self.place!r} cannot be {'written' if create else 'read'}: {reason(error)}"
            ) from None

    @property
    def for_workers(self) -> str:
        """The store's place, as a worker opens it."""
        return str(Path(self.root).resolve()) if self.is_local else self.place

    def _check_layout(self, create: bool) -> None:
        try:
            layout = self.read_json("store.json")
        except ValueError as error:
            if not self._has_trials():
                raise UserError(
                    f"store: {self.place!r} has a store.json that is not the store's; give another folder"
                ) from None
            self.note_fault("store.json", str(error))
            layout = None
        if layout is None:
            if not self._has_trials() and self.exists("") and (not self.fs.isdir(self.root) or self.names("")):
                raise UserError(
                    f"store: {self.place!r} is not allowed; it exists and is not a store (no store.json). "
                    f"Give {'an empty or new folder' if create else 'the folder that steadytune run wrote'}"
                )
            if not create and not self._has_trials():
                raise NoStoreError(f"store: {self.place!r} does not exist; give the folder that 'steadytune run' wrote")
        elif layout.get("layout") != LAYOUT:
            raise UserError(
                f"store: {self.place!r} has layout {layout.get('layout')!r}, and this version reads layout {LAYOUT}. "
                "Give a new folder, or use the version that wrote the store"
            )

    def _has_trials(self) -> bool:
        """Whether the place has trials. It is then a store even if its store.json is lost."""
        return any(ID.fullmatch(trial) for trial in self.ids())

    def clear(self, trials: Iterable[TrialConfig] = ()) -> None:
        """Remove dead heartbeats, and temporary files of killed writers among the shared files.

        In a local store, such files of the given trials go too. A temporary file stays until it is a day old.
        """
        self.clear_heartbeats()
        patterns = (f"*{PART}", f"studies/**/*{PART}", f"fisher/*{PART}", f"tokenised/*{PART}", f"{RUNNING}/*{PART}")
        left = [file for pattern in patterns for file in self.cache.glob(pattern)]
        for trial in trials if self.is_local else ():
            left += [
                Path(self.root, "trials", trial.id, name)
                for name in self.names(f"trials/{trial.id}")
                if name.endswith(PART)
            ]
        for file in left:
            remove_abandoned(file)

    def quarantined(self, trials: Iterable[TrialConfig]) -> set[str]:
        """Names of the files in quarantine among the shared files and the files of the given trials."""
        folders = ("fisher", "tokenised", *(f"trials/{trial.id}" for trial in trials))
        return {f"{folder}/{name}" for folder in folders for name in self.names(folder) if SUFFIX in name}
