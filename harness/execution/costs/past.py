"""Past trials, the basis of an estimate: trials of a store, or short trials that run now."""

import contextlib
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from harness.common import sources
from harness.common.errors import UserError, reason
from harness.common.provenance import provenance
from harness.execution.costs.hardware import Hardware, same
from harness.execution.resources import Resources
from harness.methods import Vanilla
from harness.store.record import Record
from harness.store.store import Store
from harness.study import TrialConfig

LOOKED_AT = 300
"""Largest number of records that an estimate reads beyond its own trials."""
PROBE_STEPS = 10


@dataclass(frozen=True)
class Past:
    """Time, disk and memory figures of a finished trial."""

    config: TrialConfig
    device: str
    threads: int
    preparation: float
    """Seconds before the first step."""
    training: float
    """Seconds per processed training example."""
    evaluation: float
    """Seconds per scored example."""
    stored: float
    """Bytes in the store per scored example, without weights."""
    parameters: int
    tokens: float
    """Tokens per second in training."""

    @classmethod
    def of(cls, record: Record, stored: float) -> "Past | None":
        """The figures of a record; ``None`` if the record's version lacks some figures.

        ``stored`` is the number of bytes that the trial has in the store, without weights.
        """
        cost = record.cost
        preparation, training, evaluation = cost.preparation_seconds, cost.training_seconds, cost.evaluation_seconds
        if preparation is None or training is None or evaluation is None or cost.parameters is None:
            return None
        with contextlib.suppress(KeyError, TypeError, ZeroDivisionError, UserError):
            config = TrialConfig.from_json(record.config)
            return cls(
                config,
                record.provenance.device,
                record.provenance.threads,
                preparation,
                training / (cost.steps * config.setting.batch_size),
                evaluation / record.examples,
                stored / record.examples,
                cost.parameters,
                cost.tokens_per_second,
            )
        return None


def similar(trial: TrialConfig, past: Sequence[Past]) -> list[Past]:
    """The past trials most similar to a trial.

    The first of these criteria that a past trial meets decides:

    - the same method, batch size, length, number of processes and ``shard``
    - the same method, batch size and length
    - the same batch size and length
    - the same method

    If no past trial meets any of them, all past trials are returned.
    """
    likenesses: tuple[Callable[[TrialConfig], object], ...] = (
        lambda config: (alike(config), config.processes, config.shard),
        alike,
        lambda config: (config.setting.batch_size, config.setting.max_length),
        lambda config: config.method.name,
        lambda config: None,
    )
    for likeness in likenesses:
        if found := [one for one in past if likeness(one.config) == likeness(trial)]:
            return found
    return []


def alike(config: TrialConfig) -> object:
    """The fields that predict a trial's time best."""
    return config.method.name, config.setting.batch_size, config.setting.max_length


def comparable(trials: Sequence[TrialConfig], store: Store, device: str | None) -> list[Past]:
    """Figures of the store's trials with the same task, encoder and precision, on ``device`` if it is not ``None``.

    Reads the records of ``trials`` and at most ``LOOKED_AT`` further records.
    """
    wanted = {(trial.task, trial.encoder_revision, trial.precision) for trial in trials}
    first = [trial.id for trial in trials]
    ids = list(dict.fromkeys([*first, *store.ids()]))
    found = []
    for record in store.records(ids[: len(first) + LOOKED_AT]).values():
        identity = record.identity
        same = (identity.task, identity.encoder_revision, identity.precision) in wanted
        if same and device in (None, record.provenance.device) and (past := Past.of(record, store.bytes_of(record.id))):
            found.append(past)
    return found


def probe(trials: Iterable[TrialConfig], resources: Resources) -> list[Past]:
    """Figures from a few steps of the first trial of each method, run in this process.

    Each trial is scored on the source and one target language. A method that needs Fisher information is left out,
    because its diagonals would have to be computed first. If all methods need it, vanilla is run instead. Nothing is
    kept. Raises ``RuntimeError`` if a trial fails.
    """
    from harness.execution.attempt import attempt

    found = []
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder)
        first = {trial.method.name: trial for trial in reversed(list(trials))}.values()
        for trial in [t for t in first if not t.method.estimates()] or [replace(next(iter(first)), method=Vanilla())]:
            target = trial.targets[0]
            short = replace(trial.setting, max_steps=PROBE_STEPS, epochs=None, warmup_steps=0)
            tests = {language: trial.test_data[language] for language in (*sources.parts(trial.source), target)}
            once = replace(trial, setting=short, targets=(target,), test_data=tests)
            warm = replace(once, seed=once.seed + 1)  # the run of ``once`` also loads the encoder and tokenises
            for config in (once, warm):
                if (ended := attempt(config, store, resources)).error:
                    raise RuntimeError(ended.error)
            record = store.record(warm.id)
            assert record is not None
            past = Past.of(record, store.bytes_of(warm.id))
            assert past is not None
            found.append(past)
    return found


def grounds(
    lacking: Sequence[TrialConfig],
    trials: Sequence[TrialConfig],
    store: Store | None,
    resources: Resources,
    hardware: Hardware | None = None,
) -> tuple[Sequence[Past], str] | str:
    """Past trials as the basis of an estimate, and their origin; or the reason why there are none.

    Args:
        lacking: The trials to estimate. Some of them run a few steps if the store has no past trials.
        trials: All trials of the study.
        store: The store; ``None`` if there is none.
        resources: The resources of a trial.
        hardware: The hardware of the estimate; ``None`` for this machine.
    """
    device = provenance().device
    past = comparable(trials, store, None if hardware is not None else device) if store is not None else []
    if past:
        if hardware is None:
            return past, "that finished with the same task, encoder, precision and kind of device"
        mine = [one for one in past if one.device == device or same(hardware, one.device)]
        return mine or past, "that finished with the same task, encoder and precision"
    if resources.ray_address is not None:
        return "the store has no comparable trial, and a cluster's nodes cannot be tried from here"
    try:
        return probe(lacking, resources), "of a few steps, run just now"
    except RuntimeError as error:
        return f"a trial of a few steps failed with {reason(error)[:300]}"
