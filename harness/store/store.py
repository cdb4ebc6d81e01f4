"""The pool of trials on disk, in a folder or at any fsspec URL: one directory a trial, written whole or not at all.

store.json                          layout version
trials/<id>/result.json             a finished trial's record: its presence means the trial is finished
trials/<id>/predictions-<hash>.parquet   gold and predicted labels of every example scored
trials/<id>/history-<hash>.parquet  learning history, a row a window of steps
trials/<id>/weights-<hash>/         the fine-tuned model for from_pretrained, where weights are kept
trials/<id>/checkpoint-<hash>/      state of a training that has not finished, to go on from
trials/<id>/failure.json            the last failure of a trial that has not finished since
trials/<id>/stopped.json            how far a search's trial came that was stopped early, and has not finished since
studies/<name>.json                 a study as it was last run, with its trials' ids; of a search all that it tried
fisher/<hash>.safetensors           Fisher diagonals; copied to each node where the store is no folder
tokenised/<hash>/                   examples as model inputs, local stores only
locks/<id>.lock                     locked by the process that is at the trial, local stores only
*.broken-<n>                        a file in quarantine: it was found broken under the name before it
"""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from harness.common.errors import UserError, reason
from harness.common.filesystem import PART, remove_abandoned
from harness.common.quarantine import SUFFIX, Quarantined
from harness.store.shared_files import SharedFiles
from harness.store.studies import Studies
from harness.store.trials import Trials
from harness.study import TrialConfig

LAYOUT = 1
ID = re.compile("[0-9a-f]{16}", re.ASCII)


class NoStoreError(UserError):
    """There is no store at a place."""


class Store(Trials, Studies, SharedFiles):
    """Reads and writes a store.

    Raises ``UserError`` where the place cannot be written, is no store, or was written by another layout. A broken file
    counts as a missing one: see ``harness.store.checked_files``.
    """

    def __init__(self, place: str | os.PathLike[str], *, create: bool = True) -> None:
        super().__init__(place)
        self.repaired_at_opening: list[Quarantined] = []
        """Files that moved to quarantine because the store was opened to be written."""
        try:
            self._check_layout(create)
            if create:
                self.repaired_at_opening = self.repair()
                # Every time: better to learn now than after an hour that it cannot be.
                self.write_json("store.json", {"layout": LAYOUT})
        except UserError:
            raise
        except Exception as error:  # whatever a third party's file system raises, it cannot be used
            raise UserError(
                f"store: {self.place!r} cannot be {'written' if create else 'read'}: {reason(error)}"
            ) from None

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
                    f"store: {self.place!r} is not allowed; it exists and is no store (no store.json). Give an empty "
                    "or new folder"
                )
            if not create and not self._has_trials():
                raise NoStoreError(f"store: {self.place!r} does not exist; give the folder that 'steadytune run' wrote")
        elif layout.get("layout") != LAYOUT:
            raise UserError(
                f"store: {self.place!r} has layout {layout.get('layout')!r}, and this version reads layout {LAYOUT}. "
                "Give a new folder, or read it with the version that wrote it"
            )

    def _has_trials(self) -> bool:
        """Whether the place is a store by its trials, should its store.json be lost."""
        return any(ID.fullmatch(trial) for trial in self.ids())

    def clear(self, trials: Iterable[TrialConfig] = ()) -> None:
        """Remove the temporary files that killed writers left, of shared files and of some trials."""
        patterns = (f"*{PART}", f"studies/**/*{PART}", f"fisher/*{PART}", f"tokenised/*{PART}")
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
        """Names of all files in quarantine, of shared files and of some trials."""
        folders = ("fisher", "tokenised", *(f"trials/{trial.id}" for trial in trials))
        return {f"{folder}/{name}" for folder in folders for name in self.names(folder) if SUFFIX in name}
