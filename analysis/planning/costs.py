"""Time and money of a study grown to a number of settings and seeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from analysis.planning.simulation import Shape


@dataclass(frozen=True)
class ArmCost:
    """One method of a study."""

    settings: int
    """Number of its settings today. A larger study adds the same number to each method."""
    models: int
    """Trials of each setting, seed and replicate."""
    seconds: float
    """Likely seconds of one trial; NaN if not known."""
    finished: int
    """Trials that the store has."""
    low: float | None = None
    """Fewest seconds of one trial; ``None`` means ``seconds``."""
    high: float | None = None
    """Most seconds of one trial; ``None`` means ``seconds``."""


@dataclass(frozen=True)
class Rates:
    """The machine that runs the trials."""

    at_once: int
    """Trials that run at once."""
    gpus: float
    """GPUs of a trial; 0 on a CPU."""
    price: float | None
    """Price of an hour of the whole machine; ``None`` if not given."""
    grounds: str = ""
    """The origin of the seconds, or the reason why they are unknown."""


@dataclass(frozen=True)
class Expense:
    """The cost of a design: the trials that are still to run."""

    trials: int
    """Trials of the whole design, over all methods."""
    to_run: int
    hours: float
    """Likely hours from the first trial to the last. ``hours`` and ``gpu_hours`` are NaN if not known."""
    gpu_hours: float
    money: float
    """Price of the hours; NaN without a price."""
    least: float
    """Fewest hours divided by the likely hours; ``most`` is the most hours divided by the likely hours. GPU-hours and
    money have the same relative range."""
    most: float

    def span(self, value: float) -> tuple[float, float]:
        """The range of ``hours``, ``gpu_hours`` or ``money``."""
        return value * self.least, value * self.most

    def to_json(self) -> dict[str, Any]:
        return {name: None if value != value else value for name, value in vars(self).items()}


@dataclass(frozen=True)
class Costs:
    """The costs of a study's designs. ``replicates`` is the number of runs of each fine-tuning with the same seed."""

    settings: int
    """Settings that the study has today."""
    arms: Sequence[ArmCost]
    rates: Rates
    replicates: int = 1

    def of(self, shape: Shape) -> Expense:
        """The cost of a design with today's number of settings or more."""
        settings, seeds = shape
        trials = to_run = 0
        seconds = low = high = 0.0
        for arm in self.arms:
            all_of = (arm.settings + settings - self.settings) * seeds * arm.models * self.replicates
            left = max(0, all_of - arm.finished)
            trials, to_run, seconds = trials + all_of, to_run + left, seconds + left * arm.seconds
            low += left * (arm.seconds if arm.low is None else arm.low)
            high += left * (arm.seconds if arm.high is None else arm.high)
        work = seconds / 3600
        hours = work / max(1, min(self.rates.at_once, to_run))
        money = float("nan") if self.rates.price is None else hours * self.rates.price
        least, most = (low / seconds, high / seconds) if seconds else (1.0, 1.0)
        return Expense(trials, to_run, hours, work * self.rates.gpus, money, least, most)
