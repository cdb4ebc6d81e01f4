"""Counts of simulated studies that show each goal, by number of settings and seeds."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context

import numpy as np

from analysis.planning.goals import Goal
from analysis.planning.judging import Judge
from analysis.planning.pilot import Pilot
from analysis.planning.world import draw

SEED = 20_260_101
CHUNK = 30
"""Number of studies per process job."""

Shape = tuple[int, int]
"""Numbers of settings and seeds."""


@dataclass
class Tallies:
    """Simulated studies by shape."""

    studies: dict[tuple[Goal, Shape], int] = field(default_factory=dict)
    """Number of studies that were tested for a goal."""
    shown: dict[tuple[Goal, Shape], int] = field(default_factory=dict)
    """Number of these studies that show it."""

    def of(self, goal: Goal) -> list[Shape]:
        """The shapes that were tested for a goal."""
        return [shape for other, shape in self.studies if other == goal]


def simulate(
    tallies: Tallies,
    pilot: Pilot,
    judge: Judge,
    wanted: Mapping[Shape, Sequence[Goal]],
    studies: int,
    processes: int = 1,
    seed: int = SEED,
) -> None:
    """Add ``studies`` simulated studies of each shape to the tallies, tested for the shape's goals in ``wanted``.

    Each study draws its own world from the pilot, so the pilot's uncertainty is in the counts. A study's draws depend
    on ``seed``, its shape and its number, not on ``processes``.
    """
    jobs = []
    for shape, goals in sorted(wanted.items(), key=lambda item: -item[0][0] * item[0][1]):
        first = max(tallies.studies.get((goal, shape), 0) for goal in goals)
        numbers = range(first, first + studies)
        jobs += [Job(pilot, judge, shape, tuple(goals), numbers[i : i + CHUNK], seed) for i in range(0, studies, CHUNK)]
    if processes < 2 or len(jobs) < 2:
        found = [job.counted() for job in jobs]
    else:
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            found = list(pool.map(Job.counted, jobs))
    for job, shown in zip(jobs, found, strict=True):
        for goal, count in zip(job.goals, shown, strict=True):
            key = goal, job.shape
            tallies.studies[key] = tallies.studies.get(key, 0) + len(job.numbers)
            tallies.shown[key] = tallies.shown.get(key, 0) + count


@dataclass(frozen=True)
class Job:
    """Some studies of one shape."""

    pilot: Pilot
    judge: Judge
    shape: Shape
    goals: tuple[Goal, ...]
    numbers: range
    seed: int

    def counted(self) -> list[int]:
        """The number of studies that show each goal."""
        rates = self.judge.targets.collapse[1], self.judge.targets.collapse[0]
        shown = np.zeros(len(self.goals), np.int64)
        for number in self.numbers:
            random = np.random.default_rng((self.seed, *self.shape, number))
            shown += self.judge.found(draw(self.pilot.drawn(random), *self.shape, rates, random), self.goals)
        return [int(count) for count in shown]
