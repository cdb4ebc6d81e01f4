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
*.broken-<n>                        what was found broken under the name before it, and was made again
"""

import contextlib
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa

from harness.common.errors import UserError, reason, unknown
from harness.common.filesystem import BROKEN, PART, FileTree, forget, make, sync, whole
from harness.common.hashing import digest, file_digest
from harness.common.locks import claimed
from harness.store import parquet
from harness.store.record import FILES, TABLES, Record, check, check_of, covers
from harness.study import Study, TrialConfig

if TYPE_CHECKING:
    from harness.store.result import TrialResult

T = TypeVar("T")

LAYOUT = 1
READERS = 8
"""Threads that read records at once: a bucket answers slowly, but many at a time."""
SCRATCH = ".weights-"
"""How the folders begin that weights are moved into the store from."""
ID = re.compile("[0-9a-f]{16}", re.ASCII)
OTHER = "it is not what its name says"
"""Of a file whose name has the hash of its content."""


@dataclass(frozen=True)
class Failure:
    """Why a trial has not finished."""

    error: str
    """The exception's type and message, one line."""
    traceback: str
    time: str


@dataclass(frozen=True)
class Standing:
    """What a store has of some trials, by id; a trial in none of the three is missing."""

    finished: dict[str, Record]
    """Records with all that the trial asks for."""
    outdated: dict[str, Record]
    """Records that lack languages, or are of other test data."""
    failures: dict[str, Failure]
    """Last failures of the trials that are not finished."""


class NoStoreError(UserError):
    """There is no store at a place."""


class Store(FileTree):
    """Reads and writes a store.

    Raises ``UserError`` where the place cannot be written, is no store, or was written by another layout. What is
    broken counts as not there: see ``harness.common.filesystem``.
    """

    def __init__(self, place: str | os.PathLike[str], *, create: bool = True) -> None:
        super().__init__(place)
        try:
            self._check_layout(create)
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
            self.doubt("store.json", str(error))
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
        if create:
            self.set_aside()
            self.write_json(
                "store.json", {"layout": LAYOUT}
            )  # every time: better to learn now than after an hour that it cannot be

    def _has_trials(self) -> bool:
        """Whether it is a store by what is in it, should its store.json be lost."""
        return any(ID.fullmatch(trial) for trial in self.ids())

    # Trials

    def ids(self) -> list[str]:
        """Ids of all trials that there is anything of."""
        return self.names("trials")

    def bytes_of(self, trial: str) -> int:
        """Size of what there is of a trial, but for its weights and checkpoints."""
        self._forget()
        found = self.fs.find(f"{self.root}/trials/{trial}", detail=True)
        apart = ("/weights-", "/checkpoint-", BROKEN)
        return sum(int(file["size"]) for name, file in found.items() if not any(kind in name for kind in apart))

    def record(self, trial: str) -> Record | None:
        """A finished trial's record, or ``None``."""
        return self._believed(f"trials/{trial}/result.json", lambda found: check(found, trial))

    def record_of(self, trial: TrialConfig) -> Record | None:
        """The same, where what it says of itself agrees with the trial."""
        return self._believed(f"trials/{trial.id}/result.json", lambda found: check_of(found, trial))

    def records(self, trials: Iterable[str]) -> dict[str, Record]:
        """Records of those of the trials that have finished, by id, in the given order."""
        return _each(self.record, trials)

    def failure(self, trial: str) -> Failure | None:
        """The last failure of a trial, or ``None``."""
        found = self._believed(f"trials/{trial}/failure.json", _check_failure)
        return (
            Failure(**{name: whole(found[name]) for name in Failure.__dataclass_fields__})
            if found is not None
            else None
        )

    def failures(self, trials: Iterable[str]) -> dict[str, Failure]:
        """The failures of those of the trials that have one, by id, in the given order."""
        return _each(self.failure, trials)

    def standing(self, trials: Iterable[TrialConfig], *, files: bool = False) -> "Standing":
        """What there is of each of the trials; with ``files`` a record is outdated also where a table beside it is
        gone."""
        configs = {trial.id: trial for trial in trials}
        records = _each(lambda trial: self.record_of(configs[trial]), configs)
        whole = _each(lambda trial: self.has_tables(records[trial]) or None, records) if files else records
        finished = {
            trial: record for trial, record in records.items() if trial in whole and covers(record, configs[trial])
        }
        outdated = {trial: record for trial, record in records.items() if trial not in finished}
        return Standing(finished, outdated, self.failures(trial for trial in configs if trial not in finished))

    def has_tables(self, record: Record) -> bool:
        """Whether the tables that a record names lie beside it."""
        return {record[name] for name in TABLES} <= set(self.names(f"trials/{record['id']}"))

    def claim(self, trial: str, *, wait: bool = True) -> AbstractContextManager[bool]:
        """Be the only process that is at a trial; gives ``False`` where another is and this one is not to ``wait``.

        A store that is no folder has no locks: there two processes may run a trial twice, and the record of the last
        stays, whole.
        """
        return (
            claimed(Path(self.root, "locks", f"{trial}.lock"), wait=wait)
            if self.is_local
            else contextlib.nullcontext(True)
        )

    def save(self, config: TrialConfig, result: "TrialResult", weights: Path | None = None) -> None:
        """Write a finished trial. The record comes last: a write cut short leaves the trial as it was before.

        ``weights`` is a folder with the fine-tuned model, which moves into the store. Raises ``UserError`` for a result
        that would not be believed, such as one with scores that are no numbers.
        """
        folder = f"trials/{config.id}"
        before = self.record(config.id) or {}
        contents = {"predictions": parquet.predictions(result), "history": parquet.history(result.history)}
        files = {kind: parquet.name(kind, content) for kind, content in contents.items()}
        record = {"id": config.id, "finished": _now(), **result.record, **files}
        try:
            check(record, config.id)
        except ValueError as error:
            raise UserError(f"store: the result of trial {config.id} cannot be kept: {error}") from None
        self.set_aside()
        try:
            with ThreadPoolExecutor(
                len(files)
            ) as pool:  # a disk syncs two files in about the time of one, a bucket takes them so
                list(pool.map(lambda kind: self.write(f"{folder}/{files[kind]}", contents[kind]), files))
            if weights is not None:
                record["weights"] = self._take(folder, weights, "weights")
            self.write_json(f"{folder}/result.json", record)
        except BaseException:  # on a full disk their room is wanted for why the trial failed
            there = self.record(config.id) or {}
            for kind in record.keys() & {*FILES}:
                if record[kind] != there.get(kind):
                    self.remove(f"{folder}/{record[kind]}")
            raise
        stale = {before.get(name) for name in FILES} - {record.get(name) for name in FILES}
        for name in [*sorted(filter(None, stale)), *self.states(config.id), "failure.json", "stopped.json"]:
            with contextlib.suppress(OSError):  # the trial has finished all the same
                self.remove(f"{folder}/{name}")

    @contextlib.contextmanager
    def weights(self, trial: str) -> Iterator[Path | None]:
        """A local folder with the fine-tuned model of a finished trial; ``None`` where it was not kept, or is not what
        was written."""
        with self._folder(trial, (self.record(trial) or {}).get("weights")) as folder:
            yield folder

    @contextlib.contextmanager
    def checkpoint(self, trial: str, state: str) -> Iterator[Path | None]:
        """A local folder with a state of a trial's training, one of ``states``; ``None`` where it is not what was
        written."""
        with self._folder(trial, state) as folder:
            yield folder

    def states(self, trial: str) -> list[str]:
        """Names of the states of a trial's training; several where a process was killed between writing one and
        removing the one before."""
        return [name for name in self.names(f"trials/{trial}") if name.startswith("checkpoint-") and BROKEN not in name]

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
    def _folder(self, trial: str, name: str | None) -> Iterator[Path | None]:
        """A local folder with what the store has under a name that says what it is; ``None`` for none and for another,
        which is doubted."""
        with tempfile.TemporaryDirectory(prefix="steadytune-") as scratch:
            folder = Path(self.root) / "trials" / trial / str(name)
            if name and not self.is_local:
                folder = Path(scratch) / str(name)
                with contextlib.suppress(FileNotFoundError):
                    self.get(f"trials/{trial}/{name}", folder)
            if not name or not folder.is_dir():
                yield None
            elif not _are(folder, name):
                self.doubt(f"trials/{trial}/{name}", OTHER)
                yield None
            else:
                yield folder

    @contextlib.contextmanager
    def scratch(self, trial: str) -> Iterator[Path]:
        """A folder to be made for ``save`` to take weights from, on the store's disk where that is local.

        What an attempt at the same trial left that was killed goes first, once no living one can be at it.
        """
        parent = Path(self.root) / "trials" / trial if self.is_local else None
        if parent is not None:
            make(parent)
            for left in parent.glob(f"{SCRATCH}*"):
                forget(left)
        with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=parent) as folder:
            yield Path(folder) / "model"

    def _take(self, folder: str, local: Path, kind: str) -> str:
        name = _digest_name(local, kind)
        file = f"{folder}/{name}"
        if self.is_local and self.exists(file):
            if _are(Path(self.root, file), name):
                return name
            self.doubt(file, OTHER)
            self.set_aside()
        self.put(local, file)
        return name

    def save_failure(self, config: TrialConfig, error: str, traceback: str) -> None:
        """Record that a trial failed."""
        self.failure(config.id)
        self.set_aside()
        self.write_json(f"trials/{config.id}/failure.json", {"error": error, "traceback": traceback, "time": _now()})

    def save_stopped(self, config: TrialConfig, how: Mapping[str, Any]) -> None:
        """Record how far a trial came that a search stopped early."""
        self.stopped(config.id)
        self.set_aside()
        self.write_json(
            f"trials/{config.id}/stopped.json", {"id": config.id, "time": _now(), "config": config.to_json(), **how}
        )
        self.remove(f"trials/{config.id}/failure.json")

    def stopped(self, trial: str) -> dict[str, Any] | None:
        """How far a trial came that was stopped early; ``None`` for any other."""
        return self._believed(f"trials/{trial}/stopped.json", lambda found: _check_stopped(found, trial))

    def clear(self, trials: Iterable[TrialConfig] = ()) -> None:
        """Remove what writers left under temporary names that were killed, of shared files and of some trials."""
        patterns = (f"*{PART}", f"studies/**/*{PART}", f"fisher/*{PART}", f"tokenised/*{PART}")
        left = [file for pattern in patterns for file in self.cache.glob(pattern)]
        for trial in trials if self.is_local else ():
            left += [
                Path(self.root, "trials", trial.id, name)
                for name in self.names(f"trials/{trial.id}")
                if name.endswith(PART)
            ]
        for file in left:
            forget(file)

    def aside(self, trials: Iterable[TrialConfig]) -> set[str]:
        """Names of what was ever set aside of shared files and of some trials."""
        folders = ("fisher", "tokenised", *(f"trials/{trial.id}" for trial in trials))
        return {f"{folder}/{name}" for folder in folders for name in self.names(folder) if BROKEN in name}

    def predictions(self, trial: str) -> pa.Table:
        """Of a finished trial: split, language, example, gold and predicted (lists of label ids). Raises ``KeyError``
        for another."""
        return self._read_table(trial, "predictions")

    def history(self, trial: str) -> pa.Table:
        """The learning history of a finished trial, a row a window; raises ``KeyError`` for another."""
        return self._read_table(trial, "history")

    def histories(self, trials: Iterable[str]) -> dict[str, list[dict[str, float]]]:
        """The learning histories of those finished trials whose can be read, by id, in the given order."""

        def read(trial: str) -> list[dict[str, float]] | None:
            try:
                found: list[dict[str, float]] = self.history(trial).to_pylist()
            except (KeyError, OSError, ValueError):  # none, gone or torn
                return None
            return found

        return _each(read, trials)

    # Studies

    def save_study(
        self, study: Study, trials: Iterable[TrialConfig], tried: Sequence[Mapping[str, Any]] | None = None
    ) -> None:
        """Record what a study consists of, so that it can be reported without its data or encoder at hand; of a search
        what it tried.

        Without ``tried`` what a search of that name had tried stays, for when the search goes on.
        """
        content: dict[str, Any] = {
            "study": study.to_json(),
            "trials": [{"id": trial.id, "config": trial.to_json()} for trial in trials],
        }
        if kept := self.tried(study.name) if tried is None else list(tried):
            content["search"] = kept
        self.set_aside()
        self.write_json(f"studies/{study.name}.json", content)

    def study(self, name: str) -> tuple[Study, list[TrialConfig]]:
        """A study as it was last run here, and its trials. Raises ``UserError`` with the nearest name where there is
        none."""
        file = f"studies/{name}.json"
        found = self._believed(file, lambda found: _check_study(found, name))
        if found is None and not self.exists(file):
            raise unknown(f"study in {self.place}", name, self.studies())
        foreign = UserError(f"store: {file} in {self.place!r} is not the store's; run the study again to write it anew")
        if found is None:
            raise foreign
        try:
            study, trials = (
                Study.from_json(found["study"]),
                [TrialConfig.from_json(trial["config"]) for trial in found["trials"]],
            )
        except (ValueError, KeyError, TypeError):
            raise foreign from None
        if [trial.id for trial in trials] != [trial["id"] for trial in found["trials"]]:
            raise UserError(
                f"store: the study {name!r} in {self.place!r} was run by another version of steadytune, which names "
                "its trials otherwise; report it with that version, or run it again"
            )
        return study, trials

    def tried(self, name: str) -> list[dict[str, Any]]:
        """What searches of that name have tried, see ``harness.tuning.journal``; nothing where there was none."""
        found = self._believed(f"studies/{name}.json", lambda found: _check_study(found, name)) or {}
        tried: list[dict[str, Any]] = found.get("search", [])
        return tried

    def studies(self) -> list[str]:
        """Names of the studies that were run here."""
        return [name.removesuffix(".json") for name in self.below("studies") if name.endswith(".json")]

    # Files

    def _believed(self, name: str, check: Callable[[dict[str, Any]], None]) -> dict[str, Any] | None:
        """A JSON file that is what it should be; ``None`` for none, and for one that is not, which is then doubted."""
        try:
            found = self.read_json(name)
            if found is not None:
                check(found)
        except ValueError as error:
            self.doubt(name, str(error))
            return None
        return found

    def _read_table(self, trial: str, kind: str) -> pa.Table:
        record = self.record(trial)
        if record is None:
            raise KeyError(f"trial {trial} has not finished")
        name = f"trials/{trial}/{record[kind]}"
        try:
            content = self.read(name)
            if content is None:
                raise FileNotFoundError(f"there is no {name}")
            if parquet.name(kind, content) != record[kind]:
                raise ValueError(OTHER)
            return parquet.read(content)
        except ValueError as error:
            self.doubt(name, str(error))
            raise


def _each(read: Callable[[str], T | None], trials: Iterable[str]) -> dict[str, T]:
    ids = list(trials)
    with ThreadPoolExecutor(READERS) as pool:
        return {trial: found for trial, found in zip(ids, pool.map(read, ids), strict=True) if found is not None}


def _check_failure(found: Mapping[str, Any]) -> None:
    if not all(isinstance(found.get(name), str) for name in Failure.__dataclass_fields__):
        raise ValueError("it does not say what failed")


def _check_stopped(found: Mapping[str, Any], trial: str) -> None:
    if found.get("id") != trial or not isinstance(found.get("config"), dict):
        raise ValueError("it is of another trial")


def _check_study(found: Mapping[str, Any], name: str) -> None:
    study, trials, tried = found.get("study"), found.get("trials"), found.get("search", [])
    if not isinstance(study, dict) or study.get("name") != name:
        raise ValueError("it is of another study")
    # A selection's name in place of its languages would have the code of a user's task run.
    whole = isinstance(study.get("targets"), list) and isinstance(trials, list) and isinstance(tried, list)
    if not whole or not all(isinstance(trial, dict) and trial.keys() >= {"id", "config"} for trial in trials or []):
        raise ValueError("it does not say what the study is")


def _digest_name(folder: Path, kind: str) -> str:
    """A folder's name in the store, such as ``weights-<hash>``: it says what every file has to be."""
    return f"{kind}-{digest([(file.name, file_digest(file)) for file in sorted(folder.iterdir())])}"


def _are(folder: Path, name: str) -> bool:
    """Whether the weights in a folder are those of a name."""
    try:
        return _digest_name(folder, name.partition("-")[0]) == name
    except OSError:
        return False


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
