"""What loggers are given of a trial that has ended. All of it comes from the store: nothing of this machine or its
environment."""

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import PurePath
from typing import Any

from harness.common import fields
from harness.setting import value_label
from harness.store.failures import Failure
from harness.store.record import Record
from harness.store.store import Store
from harness.study import TrialConfig

Parameter = str | int | float


@dataclass(frozen=True)
class EndedTrial:
    """A trial of a study that has finished or failed."""

    config: TrialConfig
    study: str
    end: Record | Failure
    """The record where it finished."""
    history: list[dict[str, float]]
    """A row a window of steps: ``step``, and the measurements of the window, as ``train/loss``; none where it
    failed, or where the file cannot be read."""

    @property
    def id(self) -> str:
        return self.config.id

    @property
    def stamp(self) -> int:
        """When it ended; see ``stamp``."""
        return stamp(self.end)

    @property
    def seconds(self) -> float:
        """What it took; 0 where it failed."""
        return self.end.cost.seconds if isinstance(self.end, Record) else 0.0

    @property
    def parameters(self) -> dict[str, Parameter]:
        """Method, its options as ``l2.strength``, all hyperparameters, seed, replicate, and what the study fixes."""
        return parameters(self.config, self.study)

    @property
    def metrics(self) -> dict[str, float]:
        """Scores × 100 as ``test/de``, ``zero_shot``, ``collapsed`` and ``diverged`` (0 or 1), and the cost; none where
        it failed."""
        return _metrics(self.end) if isinstance(self.end, Record) else {}

    @property
    def error(self) -> str:
        """One line where it failed, empty where it finished."""
        return self.end.error if isinstance(self.end, Failure) else ""

    @property
    def steps(self) -> int:
        """The last step of the history."""
        return int(self.history[-1]["step"]) if self.history else 0


def ended(config: TrialConfig, study: str, end: Record | Failure, store: Store) -> EndedTrial:
    """A trial that has ended, with its history from the store."""
    histories = store.histories([config.id]) if isinstance(end, Record) else {}
    return EndedTrial(config, study, end, [_row(row) for row in histories.get(config.id, [])])


def stamp(end: Record | Failure) -> int:
    """When a trial ended, in seconds since 1970: it tells a record from the one that it has replaced."""
    return int(datetime.fromisoformat(end.finished if isinstance(end, Record) else end.time).timestamp())


def parameters(config: TrialConfig, study: str) -> dict[str, Parameter]:
    """All that a trial was run with, each value one that every logger can hold. Of a place only its last part is
    told."""
    encoder = PurePath(config.encoder)
    options = {
        f"{part.name}.{name}": PurePath(value).name if name in part.places else value
        for part in config.method.parts
        for name, value in part.to_json().items()
        if name != "name"
    }
    told = {
        "study": study,
        "task": config.task,
        "source": config.source,
        "encoder": encoder.name if encoder.is_absolute() else config.encoder,
        "encoder_revision": config.encoder_revision,
        "precision": config.precision,
        "checkpoint": config.checkpoint,
        "method": config.method.arm.label,
        **options,
        **asdict(config.setting),
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
        f"{split}/{language}": score
        for split, _ in record.scores.splits()
        for language, score in record.in_metric(split).items()
    }
    verdicts = {"zero_shot": record.zero_shot, "collapsed": record.collapsed, "diverged": record.diverged}
    cost = {"cost/seconds": record.cost.seconds, "cost/tokens_per_second": record.cost.tokens_per_second}
    memory = {f"cost/peak_memory_mib/{kind}": peak for kind, peak in record.cost.peak_memory_mib.items()}
    return {name: float(value) for name, value in {**scores, **verdicts, **cost, **memory}.items()}


def _row(row: dict[str, float]) -> dict[str, float]:
    measured = {
        f"train/{name}": value for name, value in row.items() if name not in ("step", "epoch") and value is not None
    }
    return {"step": row["step"], **measured}
