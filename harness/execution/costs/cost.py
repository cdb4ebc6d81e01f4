"""Estimated cost of a study before it runs: time, GPU-hours and disk, from past trials."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from harness.common.machine.cores import cores
from harness.data import reading
from harness.data.origin import Origin
from harness.execution.costs.past import PROBE_STEPS, Past, alike, similar
from harness.execution.resources import Resources
from harness.fisher.diagonal_files import Request
from harness.fisher.windows import WINDOW
from harness.study import TrialConfig

FLOAT = 4
"""Bytes of a kept weight."""
STATES = 2 * 3
"""Copies of the weights on disk for each running trial: two checkpoints, each of weights and AdamW's two moments.

An upper bound, because a trial with a trimmed vocabulary keeps less.
"""
TOKENISED = 24
"""Bytes of a token in the tokenised data, labels included; measured on word-level tasks, which need the most."""
REPEATED, TRIED, UNLIKE = 1.25, 1.5, 2.0
"""Factors that widen the range of an estimate: from similar trials, from a few steps, or from other trials."""


@dataclass(frozen=True)
class Cost:
    """Estimated cost of the trials to run. ``FisherCost`` holds the cost of the Fisher information of ``ewc``."""

    seconds: float
    """Seconds of all trials, one after another."""
    at_once: int
    """Trials that run at once on this machine."""
    gpu_hours: float
    disk: float
    """Bytes on disk that stay."""
    grounds: str
    """The basis of the estimate, for messages."""
    low: float = 0.0
    """Fewest seconds of all trials, one after another."""
    high: float = 0.0
    """Most seconds."""
    tokenised: float = 0.0
    """Bytes of tokenised data, once for all trials."""
    checkpoint: float = 0.0
    """Largest number of bytes of a running trial's checkpoints."""

    @property
    def wall_seconds(self) -> float:
        """Seconds from the start of the first trial to the end of the last, if all take equally long."""
        return self.seconds / self.at_once


def estimated(
    trials: Sequence[TrialConfig], past: Sequence[Past], resources: Resources, *, gpus: int, keep_weights: bool = False
) -> Cost:
    """The cost of trials, estimated from the most similar past trials.

    ``gpus`` is the number of GPUs of the machine. If no past trial has the same method, batch size and length, less
    similar trials are used. Raises ``ValueError`` without past trials.
    """
    if not past:
        raise ValueError("an estimate needs past trials")
    theirs = " or ".join(map(str, sorted({one.threads for one in past})))
    threads = f" (with {theirs} CPU threads each, not {resources.threads})"
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
    """The factor by which a trial's range of seconds exceeds the spread of the past trials."""
    if any(alike(one.config) != alike(trial) for one in like):
        return UNLIKE
    return (
        TRIED
        if any(one.config.setting.max_steps == PROBE_STEPS != trial.setting.max_steps for one in like)
        else REPEATED
    )


def _tokenised(trials: Sequence[TrialConfig], past: Sequence[Past]) -> float:
    """Bytes of the trials' tokenised data. Data that several trials share count once."""
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

    A window of text takes as long as training on the same number of tokens. A diagonal stores one number per
    parameter.
    """
    windows = sum(request.estimate.examples for request in requests)
    tokens, parameters = (
        statistics.median(found) for found in ([one.tokens for one in past], [one.parameters for one in past])
    )
    return FisherCost(len(requests), windows * WINDOW / tokens, FLOAT * parameters * len(requests))


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
    """Number of trials that run at once on this machine; 1 with ``local`` or on a cluster, whose size is not known."""
    if resources.local or resources.ray_address is not None:
        return 1
    by_cores = max(1, cores() // resources.cores)
    share = (1.0 if resources.gpus is None else resources.gpus) if gpus else 0.0
    return max(1, min(by_cores, int(gpus / share + 1e-9))) if share else by_cores
