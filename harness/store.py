"""The pool of trials on disk: one directory a trial, written whole or not at all. A folder or any fsspec URL, such as a bucket.

store.json                          layout version
trials/<id>/result.json             a finished trial's record: its presence means the trial is finished
trials/<id>/predictions-<hash>.parquet   gold and predicted labels of every example scored
trials/<id>/history-<hash>.parquet  learning history, a row a window of steps
trials/<id>/weights-<hash>/         the fine-tuned model for from_pretrained, where weights are kept
trials/<id>/checkpoint-<hash>/      state of a training that has not finished, to go on from
trials/<id>/failure.json            the last failure of a trial that has not finished since
trials/<id>/stopped.json            how far a search's trial came that was stopped early, and has not finished since
studies/<name>.json                 a study as it was last run, with the ids of its trials, and of a search all that it tried
fisher/<hash>.safetensors           Fisher diagonals; nodes of a store that is no folder bring them into a cache of their own
tokenised/<hash>/                   examples as model inputs, local stores only
"""

import contextlib
import hashlib
import json
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
from fsspec.implementations.local import LocalFileSystem

from harness import records
from harness.errors import UserError, reason, unknown
from harness.hashing import digest, file_digest
from harness.study import Study, TrialConfig

if TYPE_CHECKING:
    from harness.trial import TrialResult

T = TypeVar("T")

LAYOUT = 1
READERS = 8
"""Threads that read records at once: a bucket answers slowly, but many at a time."""


Record = dict[str, Any]
"""A finished trial as JSON: ``TrialResult.record`` with ``id``, ``finished`` (time) and the names of the files beside it."""


SCRATCH = ".weights-"
"""How the folders begin that weights are moved into the store from."""
FORGOTTEN = 24 * 3600
"""Age in seconds at which such a folder was left by a process that is no more."""


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


class Store:
    """Reads and writes a store.

    Raises ``UserError`` where the place cannot be written, is no store, or was written by another layout.
    """

    def __init__(self, place: str | os.PathLike[str], *, create: bool = True) -> None:
        self.place = os.fspath(place)
        try:
            self.fs, root = fsspec.core.url_to_fs(self.place)
        except Exception as error:  # whatever a third party's file system raises, it cannot be used
            raise UserError(f"store: {self.place!r} is not allowed; give a folder or a URL that fsspec knows ({reason(error)})") from None
        self.root = root.rstrip("/")
        self.is_local = isinstance(self.fs, LocalFileSystem)
        self._check_layout(create)

    @property
    def cache(self) -> Path:
        """Local folder for what the trials of a node share; the store's where that is local."""
        return Path(self.root) if self.is_local else Path.home() / ".cache" / "steadytune"

    def _check_layout(self, create: bool) -> None:
        try:
            try:
                layout = self._read("store.json")
            except ValueError:
                raise UserError(f"store: {self.place!r} has a store.json that is not the store's; give another folder") from None
            if layout is None:
                if self.fs.exists(self.root) and (not self.fs.isdir(self.root) or self.fs.ls(self.root)):
                    raise UserError(
                        f"store: {self.place!r} is not allowed; it exists and is no store (no store.json). Give an empty or new folder"
                    )
                if not create:
                    raise NoStoreError(f"store: {self.place!r} does not exist; give the folder that 'steadytune run' wrote")
            elif layout.get("layout") != LAYOUT:
                raise UserError(
                    f"store: {self.place!r} has layout {layout.get('layout')!r}, and this version reads layout {LAYOUT}. "
                    "Give a new folder, or read it with the version that wrote it"
                )
            if create:
                self._write("store.json", _json({"layout": LAYOUT}))  # every time: better to learn now than after an hour that it cannot be
        except UserError:
            raise
        except Exception as error:
            raise UserError(f"store: {self.place!r} cannot be {'written' if create else 'read'}: {reason(error)}") from None

    # Trials

    def ids(self) -> list[str]:
        """Ids of all trials that there is anything of."""
        try:
            return sorted(str(found["name"]).rstrip("/").rpartition("/")[2] for found in self.fs.ls(f"{self.root}/trials", detail=True))
        except FileNotFoundError:
            return []

    def bytes_of(self, trial: str) -> int:
        """Size of what there is of a trial, but for its weights and checkpoints."""
        found = self.fs.find(f"{self.root}/trials/{trial}", detail=True)
        return sum(int(file["size"]) for name, file in found.items() if "/weights-" not in name and "/checkpoint-" not in name)

    def record(self, trial: str) -> Record | None:
        """A finished trial's record, or ``None``."""
        try:
            found = self._read(f"trials/{trial}/result.json")
        except ValueError:
            return None  # torn or garbage, not believed: the trial runs again and replaces it
        return found if found is not None and records.is_whole(found, trial) else None

    def records(self, trials: Iterable[str]) -> dict[str, Record]:
        """Records of those of the trials that have finished, by id, in the given order."""
        return _each(self.record, trials)

    def failure(self, trial: str) -> Failure | None:
        """The last failure of a trial, or ``None``."""
        try:
            found = self._read(f"trials/{trial}/failure.json")
            return Failure(**{name: _whole(str(found[name])) for name in Failure.__dataclass_fields__}) if found is not None else None
        except (ValueError, KeyError):
            return None

    def failures(self, trials: Iterable[str]) -> dict[str, Failure]:
        """The failures of those of the trials that have one, by id, in the given order."""
        return _each(self.failure, trials)

    def standing(self, trials: Iterable[TrialConfig]) -> "Standing":
        """What there is of each of the trials."""
        configs = {trial.id: trial for trial in trials}
        records = self.records(configs)
        finished = {trial: record for trial, record in records.items() if covers(record, configs[trial])}
        outdated = {trial: record for trial, record in records.items() if trial not in finished}
        return Standing(finished, outdated, self.failures(trial for trial in configs if trial not in finished))

    def save(self, config: TrialConfig, result: "TrialResult", weights: Path | None = None) -> None:
        """Write a finished trial. The record comes last: a write cut short leaves the trial as it was before.

        ``weights`` is a folder with the fine-tuned model, which moves into the store.
        """
        folder = f"trials/{config.id}"
        before = self.record(config.id) or {}
        tables = {"predictions": _prediction_table(result), "history": pa.Table.from_pylist(result.history)}
        with ThreadPoolExecutor(len(tables)) as pool:  # a disk syncs two files in about the time of one, a bucket takes them so
            files = dict(zip(tables, pool.map(lambda name: self._write_table(folder, name, tables[name]), tables), strict=True))
        if weights is not None:
            files["weights"] = self._take(folder, weights, "weights")
        record = {"id": config.id, "finished": _now(), **result.record, **files}
        self._write(f"{folder}/result.json", _json(record))
        stale = {before.get(name) for name in records.NAMES} - {record.get(name) for name in records.NAMES}
        for name in [*sorted(filter(None, stale)), *self._checkpoints(config.id), "failure.json", "stopped.json"]:
            self._remove(f"{folder}/{name}")

    @contextlib.contextmanager
    def weights(self, trial: str) -> Iterator[Path | None]:
        """A local folder with the fine-tuned model of a finished trial; ``None`` where it was not kept, or is not what was written."""
        with self._folder(trial, (self.record(trial) or {}).get("weights")) as folder:
            yield folder

    @contextlib.contextmanager
    def checkpoint(self, trial: str) -> Iterator[Path | None]:
        """A local folder with the last state of a trial's training; ``None`` where there is none, or it is not what was written."""
        with contextlib.ExitStack() as stack:
            found = (stack.enter_context(self._folder(trial, name)) for name in self._checkpoints(trial))
            yield next((folder for folder in found if folder is not None), None)

    def save_checkpoint(self, trial: str, state: Path) -> None:
        """Take a folder with the state of a trial's training into the store, in place of those before."""
        kept = self._take(f"trials/{trial}", state, "checkpoint")
        for name in self._checkpoints(trial):
            if name != kept:
                self._remove(f"trials/{trial}/{name}")

    def _checkpoints(self, trial: str) -> list[str]:
        """Names of the states of a trial's training; several where a process was killed between writing one and removing the one before."""
        try:
            found = self.fs.ls(f"{self.root}/trials/{trial}", detail=False)
        except FileNotFoundError:
            return []
        names = (str(path).rstrip("/").rpartition("/")[2] for path in found)
        return sorted(name for name in names if name.startswith("checkpoint-"))

    @contextlib.contextmanager
    def _folder(self, trial: str, name: str | None) -> Iterator[Path | None]:
        """A local folder with what the store has under a name of ``_digest_name``; ``None`` where that is not what was written."""
        with tempfile.TemporaryDirectory(prefix="steadytune-") as scratch:
            folder = Path(self.root) / "trials" / trial / str(name)
            if name and not self.is_local:
                folder = Path(scratch) / str(name)
                with contextlib.suppress(FileNotFoundError):
                    self.fs.get(f"{self.root}/trials/{trial}/{name}/", f"{folder}/", recursive=True)
            yield folder if name and folder.is_dir() and _digest_name(folder, name.partition("-")[0]) == name else None

    @contextlib.contextmanager
    def scratch(self, trial: str) -> Iterator[Path]:
        """A folder to be made for ``save`` to take weights from, on the store's disk where that is local.

        What an attempt at the same trial left that was killed goes first, once no living one can be at it.
        """
        parent = Path(self.root) / "trials" / trial if self.is_local else None
        if parent is not None:
            parent.mkdir(parents=True, exist_ok=True)
            for left in parent.glob(f"{SCRATCH}*"):
                if time.time() - left.stat().st_mtime > FORGOTTEN:
                    shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=parent) as folder:
            yield Path(folder) / "model"

    def _take(self, folder: str, weights: Path, kind: str) -> str:
        name = _digest_name(weights, kind)
        target = f"{self.root}/{folder}/{name}"
        try:
            if self.is_local:
                shutil.rmtree(target, ignore_errors=True)  # of the same name, and perhaps torn
                Path(target).parent.mkdir(parents=True, exist_ok=True)
                weights.replace(target)
            else:
                self.fs.put(f"{weights}/", f"{target}/", recursive=True)
        except OSError as error:
            raise UserError(f"store: {self.place!r} cannot be written: {reason(error)}") from error
        return name

    def save_failure(self, config: TrialConfig, error: str, traceback: str) -> None:
        """Record that a trial failed."""
        self._write(f"trials/{config.id}/failure.json", _json({"error": error, "traceback": traceback, "time": _now()}))

    def save_stopped(self, config: TrialConfig, how: Mapping[str, Any]) -> None:
        """Record how far a trial came that a search stopped early."""
        self._write(f"trials/{config.id}/stopped.json", _json({"id": config.id, "time": _now(), "config": config.to_json(), **how}))
        self._remove(f"trials/{config.id}/failure.json")

    def stopped(self, trial: str) -> dict[str, Any] | None:
        """How far a trial came that was stopped early; ``None`` for any other."""
        try:
            return self._read(f"trials/{trial}/stopped.json")
        except ValueError:
            return None

    def predictions(self, trial: str) -> pa.Table:
        """Of a finished trial: split, language, example, gold and predicted (lists of label ids). Raises ``KeyError`` for another."""
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

    # What the trials of all nodes share

    def has(self, name: str) -> bool:
        """Whether a store that is no folder has a file to ``fetch``."""
        return not self.is_local and bool(self.fs.exists(f"{self.root}/{name}"))

    def knows(self, name: str) -> bool:
        """Whether a shared file is in the store or in this node's cache."""
        return (self.cache / name).exists() or self.has(name)

    def fetch(self, name: str) -> None:
        """Bring a shared file into this node's cache, where that is not the store itself, and the store has it and the cache not."""
        target = self.cache / name
        if target.exists() or not self.has(name):
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            self.fs.get_file(f"{self.root}/{name}", f"{scratch}/part")
            Path(scratch, "part").replace(target)

    def publish(self, name: str) -> None:
        """Put a file of this node's cache into the store, where that is not the cache itself and has none of that name."""
        if self.is_local or self.has(name):
            return
        try:
            self.fs.put_file(str(self.cache / name), f"{self.root}/{name}")
        except OSError as error:
            raise UserError(f"store: {self.place!r} cannot be written: {reason(error)}") from error

    # Studies

    def save_study(self, study: Study, trials: Iterable[TrialConfig], tried: Sequence[Mapping[str, Any]] | None = None) -> None:
        """Record what a study consists of, so that it can be reported without its data or encoder at hand; of a search what it tried.

        Without ``tried`` what a search of that name had tried stays, for when the search goes on.
        """
        content: dict[str, Any] = {"study": study.to_json(), "trials": [{"id": trial.id, "config": trial.to_json()} for trial in trials]}
        if kept := self.tried(study.name) if tried is None else list(tried):
            content["search"] = kept
        self._write(f"studies/{study.name}.json", _json(content))

    def study(self, name: str) -> tuple[Study, list[TrialConfig]]:
        """A study as it was last run here, and its trials. Raises ``UserError`` with the nearest name where there is none."""
        try:
            found = self._read(f"studies/{name}.json")
            if found is None:
                raise unknown(f"study in {self.place}", name, self.studies())
            if not isinstance(found["study"]["targets"], list):  # a selection's name would have the code of a user's task run
                raise TypeError
            study, trials = Study.from_json(found["study"]), [TrialConfig.from_json(trial["config"]) for trial in found["trials"]]
            if study.name != name:
                raise ValueError(study.name)
            if [trial.id for trial in trials] != [trial["id"] for trial in found["trials"]]:
                raise UserError(
                    f"store: the study {name!r} in {self.place!r} was run by another version of steadytune, which names its trials "
                    "otherwise; report it with that version, or run it again"
                )
            return study, trials
        except (ValueError, KeyError, TypeError):
            raise UserError(
                f"store: studies/{name}.json in {self.place!r} is not the store's; run the study again to write it anew"
            ) from None

    def tried(self, name: str) -> list[dict[str, Any]]:
        """What searches of that name have tried, see ``harness.tried``; nothing where there was none."""
        try:
            found = (self._read(f"studies/{name}.json") or {}).get("search", [])
        except ValueError:
            return []
        return found if isinstance(found, list) else []

    def studies(self) -> list[str]:
        """Names of the studies that were run here."""
        base = f"{self.root}/studies/"
        return sorted(str(f).split("/studies/", 1)[1].removesuffix(".json") for f in self.fs.find(base) if str(f).endswith(".json"))

    # Files

    def _read(self, name: str) -> dict[str, Any] | None:
        """A JSON file, ``None`` where there is none; raises ``ValueError`` for what is no JSON mapping."""
        try:
            found = json.loads(self.fs.cat_file(f"{self.root}/{name}"))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise UserError(f"store: {name} in {self.place!r} cannot be read: {reason(error)}") from error
        except RecursionError:
            raise ValueError(f"{name} is nested too deeply") from None
        if not isinstance(found, dict):
            raise ValueError(f"{name} holds a {type(found).__name__}")
        return found

    def _write(self, name: str, content: bytes) -> None:
        """Write a file whole or not at all: object stores do so by themselves, a folder by way of a rename."""
        path = f"{self.root}/{name}"
        try:
            if self.is_local:
                self._write_locally(Path(path), content)
            else:
                self.fs.pipe_file(path, content)
        except OSError as error:
            raise UserError(f"store: {self.place!r} cannot be written: {reason(error)}") from error

    @staticmethod
    def _write_locally(target: Path, content: bytes) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
        try:
            with part.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(target)
            folder = os.open(target.parent, os.O_RDONLY)
            try:
                os.fsync(folder)  # the name too survives a power cut
            finally:
                os.close(folder)
        finally:
            part.unlink(missing_ok=True)

    def _remove(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self.fs.rm(f"{self.root}/{name}", recursive=True)

    def _write_table(self, folder: str, name: str, table: pa.Table) -> str:
        sink = BytesIO()
        pq.write_table(table, sink, compression="zstd")
        content = sink.getvalue()
        file = f"{name}-{hashlib.sha256(content).hexdigest()[:16]}.parquet"
        self._write(f"{folder}/{file}", content)
        return file

    def _read_table(self, trial: str, name: str) -> pa.Table:
        record = self.record(trial)
        if record is None:
            raise KeyError(f"trial {trial} has not finished")
        return pq.read_table(BytesIO(self.fs.cat_file(f"{self.root}/trials/{trial}/{record[name]}")))


def _each(read: Callable[[str], T | None], trials: Iterable[str]) -> dict[str, T]:
    ids = list(trials)
    with ThreadPoolExecutor(READERS) as pool:
        return {trial: found for trial, found in zip(ids, pool.map(read, ids), strict=True) if found is not None}


def covers(record: Record | None, trial: TrialConfig) -> bool:
    """Whether a record has the score of every language that the trial asks for, on the test set it asks for."""
    if record is None:
        return False
    scores = record["scores"].get("test", {})
    return all(language in scores and scores[language].get("fingerprint") == test for language, test in trial.test_data.items())


def _prediction_table(result: "TrialResult") -> pa.Table:
    rows = [(part, i) for part in result.scored for i in range(len(part.gold))]
    labels = pa.list_(pa.int16())
    return pa.table(
        {
            "split": pa.array([part.split for part, _ in rows]).dictionary_encode(),
            "language": pa.array([part.language for part, _ in rows]).dictionary_encode(),
            "example": pa.array([i for _, i in rows], pa.int32()),
            "gold": pa.array([part.gold[i] for part, i in rows], labels),
            "predicted": pa.array([part.predicted[i] for part, i in rows], labels),
        }
    )


def _digest_name(folder: Path, kind: str) -> str:
    """A folder's name in the store, such as ``weights-<hash>``: it says what every file has to be."""
    return f"{kind}-{digest([(file.name, file_digest(file)) for file in sorted(folder.iterdir())])}"


def _json(content: Any) -> bytes:
    # A path in a traceback may hold what is no character; JSON says it by number.
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode(errors="backslashreplace")


def _whole(text: str) -> str:
    """Text that any file can hold, halves of characters shown as such."""
    return text.encode(errors="backslashreplace").decode()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
