"""The best number of trials that share a GPU, measured with real trials.

The measurement doubles the number until the speed no longer rises. For each number, the trials train for some seconds.
"""

import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from harness.common.errors import UserError
from harness.common.machine import mps
from harness.data.tokenised import TOKENISED
from harness.execution.gpu_sharing_probe import DoesNotRunError, GpuSharing, measured
from harness.study import TrialConfig

GAIN = 0.05
"""Smallest relative gain in speed that justifies the memory of more trials."""
SECONDS = 5.0
"""Length of one measurement in seconds."""


def following(tried: Sequence[GpuSharing], most: int) -> int | None:
    """The next number of trials to try: twice the last number, or as many as fit.

    ``None`` if no larger number is possible, or if the last number raised the speed by less than ``GAIN``. ``most``
    is a further limit, such as the number of CPU cores.
    """
    *before, last = tried
    if before and last.rate < (1 + GAIN) * before[-1].rate:
        return None
    more = min(2 * last.trials, last.room, most)
    return more if more > last.trials else None


def best(tried: Sequence[GpuSharing]) -> int:
    """The fastest number of trials at once; 1 if no number fits.

    Among about equally fast numbers, the smallest number wins, because each trial then ends sooner.
    """
    fitting = [one for one in tried if one.trials <= one.room]
    fastest = max((one.rate for one in fitting), default=0.0)
    return min((one.trials for one in fitting if (1 + GAIN) * one.rate >= fastest), default=1)


def largest(trials: Sequence[TrialConfig]) -> list[TrialConfig]:
    """The trial with the most tokens per forward pass, for each kind of method.

    Two methods are of one kind if they have the same parts and the same number of Fisher diagonals. λ does not matter.
    """
    found: dict[object, TrialConfig] = {}
    for trial in sorted(trials, key=tokens, reverse=True):
        kind = (*(part.name for part in trial.method.parts), len(trial.method.estimates()))
        found.setdefault(kind, trial)
    return list(found.values())


def tokens(trial: TrialConfig) -> int:
    """Largest number of tokens in one forward pass."""
    setting = trial.setting
    return setting.batch_size // setting.accumulation * setting.max_length


def pick(
    trials: Sequence[TrialConfig],
    cache: Path | None,
    *,
    threads: int,
    most: int,
    seconds: float = SECONDS,
    say: Callable[[str], None] = print,
) -> int:
    """The best number of a study's trials at once on this machine's first GPU, or on the CPU if there is no GPU.

    Each trial of ``largest(trials)`` first runs alone. The trial with the most memory is then measured at larger
    numbers. Prints this trial's measurements. If this process may start NVIDIA's MPS, it also measures with MPS and
    prints advice. The returned number is for a run without MPS. Raises ``UserError`` if a trial does not run even
    alone.

    Args:
        cache: Folder that keeps the tokenised data; ``None`` to keep none.
        threads: CPU threads of a trial.
        most: Largest number to try.
        seconds: Length of one measurement.
        say: Prints a line.
    """
    with tempfile.TemporaryDirectory(prefix="steadytune-") as folder:
        scratch = Path(folder)
        if cache is not None:
            (cache / TOKENISED).mkdir(parents=True, exist_ok=True)
            (scratch / TOKENISED).symlink_to((cache / TOKENISED).resolve(), target_is_directory=True)
        alone: list[tuple[GpuSharing, TrialConfig]] = []
        for trial in largest(trials):
            try:
                alone.append((measured(trial, 1, scratch=scratch, threads=threads, seconds=seconds), trial))
            except DoesNotRunError as error:
                raise UserError(f"--trials-per-gpu: {trial.method.label} does not run even alone: {error}") from None
        one, trial = max(alone, key=lambda tried: tried[0].each)
        say(f"trials on one GPU, of {trial.method.label}, batches of {tokens(trial)} tokens at most:\n{_line(one)}")
        measure = partial(measured, trial, scratch=scratch, threads=threads, seconds=seconds)
        tried = _rising(one, measure, most, say)
        chosen = best(tried)
        say(f"  {chosen:3} at once: chosen")
        with mps.running() as runs:
            if runs:
                say("with NVIDIA's MPS:")
                say(advice(tried, _rising(one, measure, most, say)))
    return chosen


def _rising(
    one: GpuSharing, measure: Callable[[int], GpuSharing], most: int, say: Callable[[str], None]
) -> list[GpuSharing]:
    """Measurements of increasing numbers of trials, from ``one`` alone, until the joint speed no longer rises."""
    tried = [one]
    while (more := following(tried, most)) is not None:
        try:
            tried.append(measure(more))
        except DoesNotRunError as error:
            say(f"  {more:3} at once do not run: {error}")
            break
        say(_line(tried[-1]))
    return tried


def advice(without: Sequence[GpuSharing], with_mps: Sequence[GpuSharing]) -> str:
    """A line on the gain from MPS, for the best numbers of trials with and without MPS."""
    (trials, rate), (_, before) = (_best(tried) for tried in (with_mps, without))
    gain = f"  {trials:3} at once are {rate / before:.2f} times as fast as without it"
    if rate < (1 + GAIN) * before:
        return f"{gain}: not worth it"
    return f"{gain}; start MPS (nvidia-cuda-mps-control -d) and give --trials-per-gpu {trials}"


def _best(tried: Sequence[GpuSharing]) -> tuple[int, float]:
    """The best number of trials and its speed."""
    chosen = best(tried)
    return chosen, next(one.rate for one in tried if one.trials == chosen)


def _line(one: GpuSharing) -> str:
    return (
        f"  {one.trials:3} at once {one.rate:9,.0f} tokens/s, {one.each / 2**10:.2f} of {one.total / 2**10:.0f} GiB "
        "each"
    )
