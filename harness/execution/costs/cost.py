"""Estimated cost of a study before it runs: time, GPU-hours and disk, from past trials or a short probe."""

import contextlib
import statistics
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from harness.common import sources
from harness.common.errors import UserError
from harness.common.machine.cores import cores
from harness.data import reading
from harness.data.origin import Origin
from harness.execution.resources import Resources
from harness.fisher.diagonal_files import Request
from harness.fisher.windows import WINDOW
from harness.methods import Vanilla
from harness.store.record import Record
from harness.store.store import Store
from harness.study import TrialConfig

LOOKED_AT = 300
"""Largest number of past trials that an estimate reads."""
PROBE_STEPS = 10
FLOAT = 4
"""Bytes of a kept weight."""
STATES = 2 * 3
"""Copies of the weights on disk for each running trial: two checkpoints at a time, each with AdamW's two moments.

A bound: a trial whose vocabulary is trimmed keeps less.
"""
TOKENISED = 24
"""Bytes of a tokenised sub-word, labels included; measured on word-level tasks, which need the most."""
REPEATED, TRIED, UNLIKE = 1.25, 1.5, 2.0
"""Factors by which trials differ from an estimate, made from like trials, from a few steps, or from other trials."""


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
    """Sub-words per second in training."""

    @classmethod
    def of(cls, record: Record, stored: float) -> "Past | None":
        """The figures of a record; ``None`` if the record's version lacks some of them.

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


@dataclass(frozen=True)
class Cost:
    """Estimated cost of the trials to run. ``FisherCost`` holds the cost of the Fisher information of ``ewc``."""

    seconds: float
    """Seconds of all trials, one after another."""
    at_once: int
    """Trials that run at once on this machine."""
    gpu_hours: float
    disk: float
    """Bytes on disk, for good."""
    grounds: str
    """The basis of the estimate, for messages."""
    low: float = 0.0
    """Fewest seconds of all trials, one after another."""
    high: float = 0.0
    """Most seconds."""
    tokenised: float = 0.0
    """Bytes of tokenised data, once for all trials."""
    checkpoint: float = 0.0
    """Bytes of a running trial's checkpoints, at most."""

    @property
    def wall_seconds(self) -> float:
        """Seconds from the start of the first trial to the end of the last, if all take equally long."""
        return self.seconds / self.at_once


def estimated(
    trials: Sequence[TrialConfig], past: Sequence[Past], resources: Resources, *, gpus: int, keep_weights: bool = False
) -> Cost:
    """The cost of trials, estimated from the most similar past trials.

    ``gpus`` is the number of GPUs of this machine. If no past trial has the same method, batch size and length, less
    similar ones are used. Raises ``ValueError`` without past trials.
    """
    if not past:
        raise ValueError("an estimate needs past trials")
    threads = f" with another number of CPU cores than {resources.cpus}"
    if same := [one for one in past if one.threads == resources.threads]:
        past, threads = same, ""
    seconds = disk = low = high = checkpoint = 0.0
    for trial in trials:
        like = similar(trial, past)
        scored = _scored(trial)
        time = [one.preparation + one.training * trained(trial) + one.evaluation * scored for one in like]
        seconds += statistics.median(time)
        margin = _margin(trial, like)
        low, high = low + min(time) / margin, high + max(time) * margin
        checkpoint = max(checkpoint, FLOAT * STATES * statistics.median(one.parameters for one in like))
        weights = FLOAT * statistics.median(one.parameters for one in like) if keep_weights else 0
        disk += statistics.median(one.stored for one in like) * scored + weights
    share = 0.0 if not gpus else 1.0 if resources.gpus is None else resources.gpus
    grounds = f"{len(past)} trial{'s' * (len(past) > 1)}{threads}"
    return Cost(
        seconds=seconds,
        at_once=at_once(resources, gpus),
        gpu_hours=seconds * share / 3600,
        disk=disk,
        grounds=grounds,
        low=low,
        high=high,
        tokenised=_tokenised(trials, past),
        checkpoint=checkpoint,
    )


def _margin(trial: TrialConfig, like: Sequence[Past]) -> float:
    """The factor by which a trial may differ from past trials, besides their own spread."""
    if any(_alike(one.config) != _alike(trial) for one in like):
        return UNLIKE
    return (
        TRIED
        if any(one.config.setting.max_steps == PROBE_STEPS != trial.setting.max_steps for one in like)
        else REPEATED
    )


def _tokenised(trials: Sequence[TrialConfig], past: Sequence[Past]) -> float:
    """Bytes of the tokenised data of trials; data that several of them share count once."""
    length = statistics.median(one.tokens * one.training for one in past)
    parts = {
        (trial.setting.max_length, Origin.of(trial), split, language)
        for trial in trials
        for split, language in (
            ("train", trial.source),
            ("dev", trial.source),
            *(("test", language) for language in (trial.source, *trial.targets)),
        )
    }
    return TOKENISED * length * sum(len(reading.examples(*where).rows) for _, *where in parts)


@dataclass(frozen=True)
class FisherCost:
    """Estimated cost of the missing Fisher diagonals, computed once for all trials."""

    diagonals: int
    seconds: float
    """Seconds of all diagonals, one after another."""
    disk: float
    """Bytes on disk."""


def fisher_cost(requests: Sequence[Request], past: Sequence[Past]) -> FisherCost:
    """The cost of Fisher diagonals, estimated from past trials.

    A window of text takes as long as training on the same number of sub-words. A diagonal stores one number per
    parameter.
    """
    windows = sum(request.estimate.examples for request in requests)
    tokens, parameters = (
        statistics.median(found) for found in ([one.tokens for one in past], [one.parameters for one in past])
    )
    return FisherCost(len(requests), windows * WINDOW / tokens, FLOAT * parameters * len(requests))


def similar(trial: TrialConfig, past: Sequence[Past]) -> list[Past]:
    """The past trials most similar to a trial.

    They have the same method, batch size, length and number of processes, or else the first three. If none do, they
    have the same batch size and length, or else the same method. Otherwise all past trials are taken.
    """
    likenesses: tuple[Callable[[TrialConfig], object], ...] = (
        lambda config: (_alike(config), config.processes),
        _alike,
        lambda config: (config.setting.batch_size, config.setting.max_length),
        lambda config: config.method.name,
        lambda config: None,
    )
    for likeness in likenesses:
        if found := [one for one in past if likeness(one.config) == likeness(trial)]:
            return found
    return []


def _alike(config: TrialConfig) -> object:
    return config.method.name, config.setting.batch_size, config.setting.max_length


def comparable(trials: Sequence[TrialConfig], store: Store, device: str | None) -> list[Past]:
    """Figures of the store's trials with the same task, encoder, precision and kind of device; ``None`` for any device.

    Reads at most ``LOOKED_AT`` records besides those of ``trials``.
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
            warm = replace(once, seed=once.seed + 1)  # the first also loads the encoder and tokenises
            for config in (once, warm):
                if (ended := attempt(config, store, resources)).error:
                    raise RuntimeError(ended.error)
            record = store.record(warm.id)
            assert record is not None
            past = Past.of(record, store.bytes_of(warm.id))
            assert past is not None
            found.append(past)
    return found


def trained(trial: TrialConfig) -> float:
    """Number of training examples that a trial processes over all its steps."""
    there = len(reading.examples(Origin.of(trial), "train", trial.source).rows)
    return trial.setting.steps(there) * trial.setting.batch_size


def _scored(trial: TrialConfig) -> int:
    origin = Origin.of(trial)
    return len(reading.examples(origin, "dev", trial.source).rows) + sum(
        len(reading.examples(origin, "test", language).rows) for language in (trial.source, *trial.targets)
    )


def at_once(resources: Resources, gpus: int) -> int:
    """Number of trials that run at once on this machine; 1 on a cluster, whose size is not known."""
    if resources.local or resources.ray_address is not None:
        return 1
    by_cores = max(1, cores() // resources.cores)
    share = (1.0 if resources.gpus is None else resources.gpus) if gpus else 0.0
    return max(1, min(by_cores, int(gpus / share + 1e-9))) if share else by_cores
