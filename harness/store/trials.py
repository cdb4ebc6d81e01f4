"""Trials in a store: finished trials with their tables and kept weights, and traces of unfinished trials."""

import contextlib
import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from harness.common.errors import UserError
from harness.common.locks import claimed
from harness.common.quarantine import SUFFIX
from harness.store import parquet, record_json
from harness.store.checked_files import read_each
from harness.store.failures import Failure, Failures, now
from harness.store.hashed_folders import WRONG_HASH, HashedFolders
from harness.store.present_scores import scored_again
from harness.store.record import TABLES, Record, covers, follows_present_rules
from harness.store.result import TrialResult
from harness.study import TrialConfig

UNCOUNTED = ("/weights-", "/checkpoint-", SUFFIX)
"""``bytes_of`` leaves out files with one of these texts in their names."""


_scored_again: dict[tuple[str, str, str], Record] = {}
"""New scores by store, trial and predictions file, so that a rewritten report scores no record twice.

A predictions file's name has the hash of its content.
"""


@dataclass(frozen=True)
class Standing:
    """The state of some trials in a store, by id. A trial that is neither finished, outdated nor failed is missing."""

    finished: dict[str, Record]
    """Records with all scores that their trials ask for."""
    outdated: dict[str, Record]
    """Records that lack languages, have other test data, or have scores by older rules and no readable predictions."""
    failures: dict[str, Failure]
    """Last failures of the trials that are not in ``finished``."""
    scored_again: frozenset[str] = frozenset()
    """Finished trials whose scores were computed anew from their predictions, because the rules have changed."""


class Trials(HashedFolders, Failures):
    """``trials/<id>/``: a record in ``result.json`` means that the trial is finished."""

    def ids(self) -> list[str]:
        """Ids of all trials with a folder in the store."""
        return self.names("trials")

    def bytes_of(self, trial: str) -> int:
        """Bytes of a trial's files, without weights, checkpoints and quarantined files."""
        sizes = self.sizes(f"trials/{trial}")
        return sum(size for name, size in sizes.items() if not any(part in name for part in UNCOUNTED))

    def record(self, trial: str) -> Record | None:
        """A finished trial's record as it was written, or ``None``. Its scores may follow an older version's rules."""
        return self.read_checked(_record_file(trial), lambda found: record_json.from_json(found, trial))

    def record_of(self, trial: TrialConfig) -> Record | None:
        """A finished trial's record, or ``None``. A record whose config disagrees with the trial counts as broken.

        If a former version scored by other rules, the scores are computed anew from the stored predictions, unless
        the predictions are gone or broken.
        """
        record = self._written(trial)
        return self._present(record) if record is not None else None

    def _written(self, trial: TrialConfig) -> Record | None:
        return self.read_checked(_record_file(trial.id), lambda found: record_json.of_trial(found, trial))

    def _present(self, record: Record) -> Record:
        """A record with scores by this version's rules; unchanged if its predictions are gone or broken."""
        if follows_present_rules(record):
            return record
        key = (self.place, record.id, record.predictions)
        if key not in _scored_again:
            try:
                _scored_again[key] = scored_again(record, self.predictions(record.id))
            except (KeyError, OSError, TypeError, ValueError):
                return record
        made = _scored_again[key]
        return replace(record, scores=made.scores, scorer=made.scorer, zero_shot=made.zero_shot)

    def records(self, trials: Iterable[str]) -> dict[str, Record]:
        """Records of the given trials that have finished, by id, in the given order."""
        return read_each(self.record, trials)

    def standing(self, trials: Iterable[TrialConfig], *, files: bool = False) -> Standing:
        """The state of each of the trials. With ``files``, a record is also outdated if one of its tables is gone."""
        configs = {trial.id: trial for trial in trials}
        written = read_each(lambda trial: self._written(configs[trial]), configs)
        records = read_each(lambda trial: self._present(written[trial]), written)
        whole = read_each(lambda trial: self.has_tables(records[trial]) or None, records) if files else records
        finished = {
            trial: record for trial, record in records.items() if trial in whole and covers(record, configs[trial])
        }
        outdated = {trial: record for trial, record in records.items() if trial not in finished}
        again = frozenset(trial for trial, record in finished.items() if record.scorer != written[trial].scorer)
        return Standing(finished, outdated, self.failures(trial for trial in configs if trial not in finished), again)

    def has_tables(self, record: Record) -> bool:
        """Whether the tables that a record names lie beside it."""
        return {getattr(record, kind) for kind in TABLES} <= set(self.names(f"trials/{record.id}"))

    def claim(self, trial: str, *, wait: bool = True) -> AbstractContextManager[bool]:
        """Hold the lock of a trial, or of another name, such as a search's.

        Gives ``False`` if another process holds the lock and ``wait`` is false. A store that is not local has no locks.
        Two processes may then run the same trial, and the later record replaces the other.
        """
        return (
            claimed(Path(self.root, "locks", f"{trial}.lock"), wait=wait)
            if self.is_local
            else contextlib.nullcontext(True)
        )

    def save(self, config: TrialConfig, result: TrialResult, weights: Path | None = None) -> None:
        """Write a finished trial. The record comes last, so an interrupted write leaves the earlier state of the trial.

        Args:
            config: The trial's config.
            result: The trial's record, history and labels.
            weights: A folder with the fine-tuned model, which moves into the store.

        Raises:
            UserError: The result is implausible, e.g. a score is not finite, or the place cannot be written.
        """
        folder = f"trials/{config.id}"
        before = self.record(config.id)
        predictions, history = parquet.predictions(result), parquet.history(result.history)
        record = replace(
            result.record,
            id=config.id,
            finished=now(),
            predictions=parquet.name("predictions", predictions),
            history=parquet.name("history", history),
        )
        try:
            record_json.from_json(json.loads(json.dumps(record_json.to_json(record))), config.id)
        except ValueError as error:
            raise UserError(f"store: the result of trial {config.id} cannot be kept: {error}") from None
        self.repair()
        try:
            tables = {record.predictions: predictions, record.history: history}
            # Two files sync in about the time of one, on a disk and in a bucket.
            with ThreadPoolExecutor(len(tables)) as pool:
                list(pool.map(lambda name: self.write(f"{folder}/{name}", tables[name]), tables))
            if weights is not None:
                record = replace(record, weights=self._take(folder, weights, "weights"))
            self.write_json(_record_file(config.id), record_json.sealed(record_json.to_json(record)))
        except BaseException:  # frees room on a full disk for the record of the failure
            for name in _only_in(record, self.record(config.id)):
                self.remove(f"{folder}/{name}")
            raise
        for name in [*_only_in(before, record), *self.states(config.id), "failure.json", "stopped.json"]:
            with contextlib.suppress(OSError):  # the trial has finished all the same
                self.remove(f"{folder}/{name}")

    @contextlib.contextmanager
    def weights(self, trial: str) -> Iterator[Path | None]:
        """A local folder with the fine-tuned model of a finished trial; ``None`` if it was not kept or is broken."""
        record = self.record(trial)
        with self._folder(trial, record.weights if record is not None else None) as folder:
            yield folder

    def predictions(self, trial: str) -> pa.Table:
        """Predictions of a finished trial, as ``parquet.predictions`` writes them.

        Raises:
            KeyError: The trial has not finished.
            OSError: The file is gone.
            ValueError: The file is broken.
        """
        return self._read_table(trial, "predictions")

    def history(self, trial: str) -> pa.Table:
        """The learning history of a finished trial, one row per window of steps. Raises like ``predictions``."""
        return self._read_table(trial, "history")

    def histories(self, trials: Iterable[str]) -> dict[str, list[dict[str, float]]]:
        """The readable learning histories of the finished trials, by id, in the given order."""

        def read(trial: str) -> list[dict[str, float]] | None:
            try:
                found: list[dict[str, float]] = self.history(trial).to_pylist()
            except (KeyError, OSError, ValueError):  # unfinished, gone or broken
                return None
            return found

        return read_each(read, trials)

    def _read_table(self, trial: str, kind: str) -> pa.Table:
        record = self.record(trial)
        if record is None:
            raise KeyError(f"trial {trial} has not finished")
        file = getattr(record, kind)
        name = f"trials/{trial}/{file}"
        try:
            content = self.read(name)
            if content is None:
                raise FileNotFoundError(f"there is no {name}")
            if parquet.name(kind, content) != file:
                raise ValueError(WRONG_HASH)
            return parquet.read(content)
        except ValueError as error:
            self.note_fault(name, str(error))
            raise


def _record_file(trial: str) -> str:
    return f"trials/{trial}/result.json"


def _only_in(one: Record | None, other: Record | None) -> list[str]:
    """Names of the files of one record that the other record of the trial does not name."""
    kept = set(other.files().values()) if other is not None else set()
    return sorted(set(one.files().values()) - kept) if one is not None else []
