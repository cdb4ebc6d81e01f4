"""The data of running and ended trials for loggers. It comes from the store, never from this machine's environment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import Any

from harness.common import fields, files, sources
from harness.setting import value_label
from harness.store.failures import Failure
from harness.store.heartbeats import Heartbeat
from harness.store.record import Record
from harness.store.store import Store
from harness.study import TrialConfig

Parameter = str | int | float


Row = dict[str, float]
"""One window of steps: ``step``, and measurements such as ``train/loss``."""


@dataclass(frozen=True)
class RunningTrial:
    """A running trial of a study, as in its last heartbeat."""

    config: TrialConfig
    study: str
    began: int
    """Start, in seconds since 1970."""
    history: list[Row]

    @property
    def id(self) -> str:
        return self.config.id

    @property
    def parameters(self) -> dict[str, Parameter]:
        """The same values as for an ended trial."""
        return parameters(self.config, self.study)


@dataclass(frozen=True)
class EndedTrial:
    """A trial of a study that has finished or failed."""

    config: TrialConfig
    study: str
    end: Record | Failure
    """The record of a finished trial, or the failure."""
    history: list[Row]
    """The learning history; empty if the trial failed, or if the history's file cannot be read."""

    @property
    def id(self) -> str:
        return self.config.id

    @property
    def stamp(self) -> int:
        """Time of the end, in seconds since 1970."""
        return stamp(self.end)

    @property
    def seconds(self) -> float:
        """Duration of the trial; 0 if it failed."""
        return self.end.cost.seconds if isinstance(self.end, Record) else 0.0

    @property
    def parameters(self) -> dict[str, Parameter]:
        """The study's name and the trial's main values, with options under names such as ``l2.strength``."""
        return parameters(self.config, self.study)

    @property
    def metrics(self) -> dict[str, float]:
        """Scores such as ``test/de`` and ``zero_shot``, ``collapsed`` and ``diverged`` (0 or 1), and the cost.

        Scores are × 100, or in the metric's own unit. A failed trial has no metrics.
        """
        return _metrics(self.end) if isinstance(self.end, Record) else {}

    @property
    def error(self) -> str:
        """The error on one line; empty for a finished trial."""
        return self.end.error if isinstance(self.end, Failure) else ""

    @property
    def steps(self) -> int:
        """The last step of the history; 0 without a history."""
        return int(self.history[-1]["step"]) if self.history else 0


def ended(config: TrialConfig, study: str, end: Record | Failure, store: Store) -> EndedTrial:
    """An ended trial, with its history from the store."""
    histories = store.histories([config.id]) if isinstance(end, Record) else {}
    return EndedTrial(config, study, end, [_row(row) for row in histories.get(config.id, [])])


def running(config: TrialConfig, study: str, heartbeat: Heartbeat) -> RunningTrial:
    """A running trial, with its history so far."""
    return RunningTrial(config, study, int(heartbeat.since), [_row(row) for row in heartbeat.history])


def later(rows: Sequence[Row], last: int) -> list[Row]:
    """The rows after a step."""
    return [row for row in rows if row["step"] > last]


def stamp(end: Record | Failure) -> int:
    """Time at which a trial ended, in seconds since 1970. It tells a record from an earlier record of the trial."""
    return int(datetime.fromisoformat(end.finished if isinstance(end, Record) else end.time).timestamp())


def parameters(config: TrialConfig, study: str) -> dict[str, Parameter]:
    """The study's name and a trial's main values, in types that every logger can hold.

    Only the last part of a path is given.
    """
    encoder = PurePath(config.encoder)
    options = {
        f"{part.name}.{name}": files.last_part(value) if name in part.places else value
        for part in config.method.parts
        for name, value in part.to_json().items()
        if name != "name"
    }
    told = {
        "study": study,
        "task": config.task,
        "source": config.source,
        **({} if config.sampling_temperature is None else {"sampling_temperature": config.sampling_temperature}),
        "encoder": encoder.name if encoder.is_absolute() else config.encoder,
        "encoder_revision": config.encoder_revision,
        "precision": config.precision,
        "checkpoint": config.checkpoint,
        "method": config.method.arm.label,
        **options,
        **config.setting.to_json(),
        "seed": config.seed,
        "replicate": config.replicate,
    }
    return {name: _parameter(name, value) for name, value in told.items()}


def _parameter(name: str, value: Any) -> Parameter:
    if value is None:
        return value_label(name, value)
    return value if isinstance(value, str | int | float) else fields.short(value)


def _metrics(record: Record) -> dict[str, float]:
    scores = {
        f"{split}/{language.replace(sources.TOGETHER, '_')}": score
        for split, _ in record.scores.splits()
        for language, score in record.in_metric(split).items()
    }
    verdicts = {"zero_shot": record.zero_shot, "collapsed": record.collapsed, "diverged": record.diverged}
    cost = {"cost/seconds": record.cost.seconds, "cost/tokens_per_second": record.cost.tokens_per_second}
    memory = {f"cost/peak_memory_mib/{kind}": peak for kind, peak in record.cost.peak_memory_mib.items()}
    return {name: float(value) for name, value in {**scores, **verdicts, **cost, **memory}.items()}


def _row(row: Row) -> Row:
    measured = {
        f"train/{name}": value for name, value in row.items() if name not in ("step", "epoch") and value is not None
    }
    return {"step": row["step"], **measured}
