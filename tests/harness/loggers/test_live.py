"""Loggers while a trial runs: its rows are there before its end, and its run goes on after a kill."""

import io
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import wandb
from rich.console import Console
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from harness import loggers
from harness.loggers import background
from harness.loggers.background import BackgroundLogging
from harness.loggers.base import Logger
from harness.loggers.events import EndedTrial, RunningTrial
from harness.store import parquet
from harness.store.heartbeats import Progress
from harness.store.result import HISTORY
from harness.store.store import Store
from harness.study import Study, TrialConfig
from tests.harness.loggers.test_loggers import ALL, items, mlflow, mlflow_runs, wandb_records
from tests.helpers import synthetic

pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning")
Readers = dict[str, Callable[[], list[int]]]


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "LOOK", 0.1)
    monkeypatch.setattr("harness.store.heartbeats.LOCAL_SECONDS", 0.1)
    for name in ("MLFLOW_TRACKING_URI", "WANDB_MODE", "WANDB_PROJECT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def made() -> Study:
    return synthetic.study(1, rates=1, seeds=1)


@pytest.fixture
def place(made: Study, tmp_path: Path) -> Store:
    """A store with a finished trial."""
    return synthetic.store(tmp_path / "store", made)


def with_history(record: Path, rows: list[dict[str, float]]) -> bytes:
    """The content of a record with another history, which is written beside it."""
    table = parquet.history(rows)
    name = parquet.name("history", table)
    (record.parent / name).write_bytes(table)
    return json.dumps({**json.loads(record.read_bytes()), "history": name}).encode()


def beat(store: Store, trial: TrialConfig, rows: list[dict[str, float]]) -> None:
    """The heartbeat of a trial that has got so far."""
    progress = Progress()
    progress.begin("training", 100, step=int(rows[-1]["step"]))
    progress.history = rows
    store.beat(progress.snapshot(trial.id, time.time()))


def readers(store: Store, study: str, trial: str) -> Readers:
    """Functions that read the steps of a trial from each logger's files."""

    def tensorboard() -> list[int]:
        (file,) = (store.logs / "tensorboard" / study / trial).iterdir()
        found = EventAccumulator(str(file)).Reload()
        return [event.step for event in found.Scalars("train/loss")] if "train/loss" in found.Tags()["scalars"] else []

    def of_mlflow() -> list[int]:
        run = mlflow_runs(mlflow(store), study)[trial]
        return sorted(point.step for point in mlflow(store).get_metric_history(run.info.run_id, "train/loss"))

    def of_wandb() -> list[int]:
        records = wandb_records(store, study, trial)
        return [items(one.history.item)["_step"] for one in records if one.HasField("history")]

    return {"tensorboard": tensorboard, "mlflow": of_mlflow, "wandb": of_wandb}


def until(steps: list[int], read: Readers) -> None:
    """Wait until each logger's files have the steps."""
    seen: dict[str, object] = {}
    limit = time.monotonic() + 60
    for name, reader in read.items():
        while seen.get(name) != steps:
            assert time.monotonic() < limit, seen
            time.sleep(0.1)
            try:
                seen[name] = reader()
            except Exception as error:  # not there yet
                seen[name] = error


@pytest.mark.nightly
def test_rows_are_there_while_a_trial_runs_and_its_run_goes_on_after_a_kill(place: Store, made: Study) -> None:
    trial = synthetic.trials(made)[0]
    rows = [dict.fromkeys(HISTORY, 1.0 / step) | {"step": float(step)} for step in range(10, 101, 10)]
    record = Path(place.root) / "trials" / trial.id / "result.json"
    content = with_history(record, rows)
    record.unlink()
    read = readers(place, made.name, trial.id)
    half = len(rows) // 2
    steps = [row["step"] for row in rows]

    first = BackgroundLogging(loggers.named(ALL), made.name, place, Console(file=io.StringIO()))
    for one in first.threads:
        one.thread.start()
    first.started(trial)
    beat(place, trial, rows[:1])
    until(steps[:1], read)
    beat(place, trial, rows[:half])  # the worker may be another by now: the driver sees no difference
    until(steps[:half], read)
    before = mlflow_runs(mlflow(place), made.name)[trial.id]
    assert before.info.status == "RUNNING"
    run = next(one.run.run_id for one in wandb_records(place, made.name, trial.id) if one.HasField("run"))
    for one in first.threads:  # the driver is killed here, and W&B's process with it
        one.broken = True
    wandb.teardown(exit_code=1)

    with BackgroundLogging(loggers.named(ALL), made.name, place, Console(file=io.StringIO())) as second:
        second.started(trial)
        beat(place, trial, rows[: half + 1])
        until(steps[: half + 1], read)
        place.end_beat(trial.id)
        record.write_bytes(content)
        second.ended(trial)
    until(steps, read)
    after = mlflow_runs(mlflow(place), made.name)[trial.id]
    assert (after.info.run_id, after.info.status) == (before.info.run_id, "FINISHED")
    assert after.data.metrics["test/en"] > 0
    (again,) = [one.run.run_id for one in wandb_records(place, made.name, trial.id) if one.HasField("run")]
    assert again == run


class Dead(Logger):
    """A tracker that never answers."""

    def __init__(self, folder: Path, study: str) -> None:
        pass

    place = "nowhere"

    def has(self, trial: str, stamp: int) -> bool:
        time.sleep(3600)
        return False

    def follow(self, trial: RunningTrial) -> None:
        time.sleep(3600)

    def log(self, trial: EndedTrial) -> None:
        time.sleep(3600)


def test_a_dead_logger_holds_up_neither_the_study_nor_another_logger(
    place: Store, made: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "PATIENCE", 0.5)
    out = io.StringIO()
    named = {"dead": Dead, **loggers.named(["tensorboard"])}
    began = time.monotonic()
    with BackgroundLogging(named, made.name, place, Console(file=out, width=250)) as logging:
        logging.ended(*synthetic.trials(made))
    assert time.monotonic() - began < 30
    assert "dead: no answer for 0 s; the same command again logs the rest" in out.getvalue()
    assert "trials logged" in out.getvalue()
