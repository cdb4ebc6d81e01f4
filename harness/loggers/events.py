"""What loggers are given of a trial that has ended. All of it comes from the store: nothing of this machine or its
environment."""

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import PurePath
from typing import Any

from harness.common import fields
from harness.setting import value_label
from harness.store.record import Record
from harness.store.store import Failure, Store
from harness.study import TrialConfig

Parameter = str | int | float


@dataclass(frozen=True, kw_only=True)
class EndedTrial:
    """A trial of a study that has finished or failed."""

    id: str
    study: str
    stamp: int
    """When it ended, in seconds since 1970: what tells a record from the one that it has replaced."""
    seconds: float = 0.0
    """What it took; 0 where it failed."""
    parameters: dict[str, Parameter]
    """Method, its options as ``l2.strength``, all hyperparameters, seed, replicate, and what the study fixes."""
    metrics: dict[str, float]
    """Scores × 100 as ``test/de``, ``zero_shot``, ``collapsed`` and ``diverged`` (0 or 1), and the cost; none where it
    failed."""
    history: list[dict[str, float]]
    """A row a window of steps: ``step``, and what was measured in the window, as ``train/loss``; none where it
    failed."""
    error: str = ""
    """One line where it failed, empty where it finished."""

    @property
    def steps(self) -> int:
        """The last step of the history."""
        return int(self.history[-1]["step"]) if self.history else 0


def finished(config: TrialConfig, study: str, record: Record, store: Store) -> EndedTrial:
    """A finished trial; without a history where that cannot be read."""
    return EndedTrial(
        id=config.id,
        study=study,
        stamp=stamp(record["finished"]),
        seconds=record["cost"]["seconds"],
        parameters=parameters(config, study),
        metrics=_metrics(record),
        history=[_row(row) for row in store.histories([config.id]).get(config.id, [])],
    )


def failed(config: TrialConfig, study: str, failure: Failure) -> EndedTrial:
    """A failed trial."""
    return EndedTrial(
        id=config.id,
        study=study,
        stamp=stamp(failure.time),
        parameters=parameters(config, study),
        metrics={},
        history=[],
        error=failure.error,
    )


def stamp(time: str) -> int:
    """A time of the store as ``EndedTrial`` has it."""
    return int(datetime.fromisoformat(time).timestamp())


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
        f"{split}/{language}": row[record["metric"]]
        for split, rows in record["scores"].items()
        for language, row in rows.items()
    }
    verdicts = {name: record[name] for name in ("zero_shot", "collapsed", "diverged")}
    cost = {f"cost/{name}": record["cost"][name] for name in ("seconds", "tokens_per_second")}
    memory = {f"cost/peak_memory_mib/{kind}": peak for kind, peak in record["cost"]["peak_memory_mib"].items()}
    return {name: float(value) for name, value in {**scores, **verdicts, **cost, **memory}.items()}


def _row(row: dict[str, float]) -> dict[str, float]:
    measured = {
        f"train/{name}": value for name, value in row.items() if name not in ("step", "epoch") and value is not None
    }
    return {"step": row["step"], **measured}
