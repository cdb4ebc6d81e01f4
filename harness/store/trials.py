"""Trials in a store: finished ones with their tables and kept weights, and what there is of the others."""

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
from harness.store.record import TABLES, Record, covers
from harness.store.result import TrialResult
from harness.study import TrialConfig

UNCOUNTED = ("/weights-", "/checkpoint-", SUFFIX)
"""Parts of the names of files that ``bytes_of`` leaves out."""


@dataclass(frozen=True)
class Standing:
    """What a store has of some trials, by id; a trial in none of the three is missing."""

    finished: dict[str, Record]
    """Records with all that the trial asks for."""
    outdated: dict[str, Record]
    """Records that lack languages, or are of other test data."""
    failures: dict[str, Failure]
    """Last failures of the trials that are not finished."""


class Trials(HashedFolders, Failures):
    """``trials/<id>/``: a record in ``result.json`` means that the trial is finished."""

    def ids(self) -> list[str]:
        """Ids of all trials that there is anything of."""
        return self.names("trials")

    def bytes_of(self, trial: str) -> int:
        """Size of what there is of a trial, but for its weights and checkpoints."""
        sizes = self.sizes(f"trials/{trial}")
        return sum(size for name, size in sizes.items() if not any(part in name for part in UNCOUNTED))

    def record(self, trial: str) -> Record | None:
        """A finished trial's record, or ``None``."""
        return self.read_checked(_record_file(trial), lambda found: record_json.from_json(found, trial))

    def record_of(self, trial: TrialConfig) -> Record | None:
        """The same, where its config agrees with the trial."""
        return self.read_checked(_record_file(trial.id), lambda found: record_json.of_trial(found, trial))

    def records(self, trials: Iterable[str]) -> dict[str, Record]:
        """Records of the finished ones among some trials, by id, in the given order."""
        return read_each(self.record, trials)

    def standing(self, trials: Iterable[TrialConfig], *, files: bool = False) -> Standing:
        """What there is of each of the trials; with ``files`` a record is outdated also where a table beside it is
        gone."""
        configs = {trial.id: trial for trial in trials}
        records = read_each(lambda trial: self.record_of(configs[trial]), configs)
        whole = read_each(lambda trial: self.has_tables(records[trial]) or None, records) if files else records
        finished = {
            trial: record for trial, record in records.items() if trial in whole and covers(record, configs[trial])
        }
        outdated = {trial: record for trial, record in records.items() if trial not in finished}
        return Standing(finished, outdated, self.failures(trial for trial in configs if trial not in finished))

    def has_tables(self, record: Record) -> bool:
        """Whether the tables that a record names lie beside it."""
        return {getattr(record, kind) for kind in TABLES} <= set(self.names(f"trials/{record.id}"))

    def claim(self, trial: str, *, wait: bool = True) -> AbstractContextManager[bool]:
        """Be the only process that is at a trial, or at the search of a name; gives ``False`` where another is and this
        one is not to ``wait``.

        A store that is no folder has no locks: there two processes may run a trial twice, and the record of the last
        stays, whole.
        """
        return (
            claimed(Path(self.root, "locks", f"{trial}.lock"), wait=wait)
            if self.is_local
            else contextlib.nullcontext(True)
        )

    def save(self, config: TrialConfig, result: TrialResult, weights: Path | None = None) -> None:
        """Write a finished trial. The record comes last: a write cut short leaves the trial as it was before.

        ``weights`` is a folder with the fine-tuned model, which moves into the store. Raises ``UserError`` for a result
        that would not be believed, such as one with scores that are no numbers.
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
            # A disk syncs two files in about the time of one, and a bucket takes them so.
            with ThreadPoolExecutor(len(tables)) as pool:
                list(pool.map(lambda name: self.write(f"{folder}/{name}", tables[name]), tables))
            if weights is not None:
                record = replace(record, weights=self._take(folder, weights, "weights"))
            self.write_json(_record_file(config.id), record_json.sealed(record_json.to_json(record)))
        except BaseException:  # on a full disk their room is wanted for why the trial failed
            for name in _only_in(record, self.record(config.id)):
                self.remove(f"{folder}/{name}")
            raise
        for name in [*_only_in(before, record), *self.states(config.id), "failure.json", "stopped.json"]:
            with contextlib.suppress(OSError):  # the trial has finished all the same
                self.remove(f"{folder}/{name}")

    @contextlib.contextmanager
    def weights(self, trial: str) -> Iterator[Path | None]:
        """A local folder with the fine-tuned model of a finished trial; ``None`` where it was not kept, or is
        broken."""
        record = self.record(trial)
        with self._folder(trial, record.weights if record is not None else None) as folder:
            yield folder

    def predictions(self, trial: str) -> pa.Table:
        """Of a finished trial: split, language, example, gold and predicted (lists of label ids).

        Raises ``KeyError`` for another trial, and ``OSError`` or ``ValueError`` where the file is gone or broken.
        """
        return self._read_table(trial, "predictions")

    def history(self, trial: str) -> pa.Table:
        """The learning history of a finished trial, a row a window. Raises as ``predictions``."""
        return self._read_table(trial, "history")

    def histories(self, trials: Iterable[str]) -> dict[str, list[dict[str, float]]]:
        """The learning histories of the finished trials whose file can be read, by id, in the given order."""

        def read(trial: str) -> list[dict[str, float]] | None:
            try:
                found: list[dict[str, float]] = self.history(trial).to_pylist()
            except (KeyError, OSError, ValueError):  # none, gone or torn
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
    """Names of the files beside a record that another record of the trial does not name."""
    kept = set(other.files().values()) if other is not None else set()
    return sorted(set(one.files().values()) - kept) if one is not None else []
