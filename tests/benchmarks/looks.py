"""The share of studies that find a difference where there is none, by number of looks and levels of the tests.

    python -m tests.benchmarks.looks [--studies 4000] [--runs 12 30] [--looks 1 2 3 5 10]

Differences of paired runs are normal with mean 0 and tested by Student's t test. Columns:

- *planned*: at the planned looks with their levels.
- *every run*: after each run with the level of the last look.
- *held*: after each run with only the runs of the last look, as in a report.
- *at 5 %*: at every look at 5 %.
- *every run at 5 %*: after each run from the second on.
- *known*: ``chance_of_a_finding`` of looks at 5 %.

The standard error of a share of 4,000 studies is 0.003 near 0.05.
"""

import argparse
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from tabulate import tabulate

from analysis.statistics import looks as spending


@dataclass(frozen=True)
class Size:
    """Shares of studies that find a difference."""

    planned: float
    every_run: float
    held: float
    at_5: float
    every_run_at_5: float


def size(runs: int, looks: int, studies: int, *, seed: int = 0) -> Size:
    """The shares of simulated studies of ``runs`` runs."""
    p = _p_after_each_run(np.random.default_rng(seed).normal(size=(studies, runs)))
    counts = [*dict.fromkeys(math.ceil(look * runs / looks) for look in range(1, looks + 1))]
    levels = spending.levels([count / runs for count in counts])
    last = np.array([sum(count <= run for count in counts) - 1 for run in range(1, runs + 1)])
    held = np.where(last >= 0, np.array(counts)[last] - 1, 0)
    at = np.where(last >= 0, levels[last], -1.0)  # no finding before the first look
    planned = np.array(counts) - 1
    return Size(
        *(
            float(found.any(axis=1).mean())
            for found in (p[:, planned] <= levels, p <= at, p[:, held] <= at, p[:, planned] <= 0.05, p <= 0.05)
        )
    )


def _p_after_each_run(differences: NDArray[np.float64]) -> NDArray[np.float64]:
    """The p of Student's t test of the first 1, 2, … differences of each study: studies × runs, 1 for a single
    difference."""
    count = np.arange(1, differences.shape[1] + 1)
    mean = differences.cumsum(axis=1) / count
    squares = (differences**2).cumsum(axis=1) - count * mean**2
    p = np.ones_like(mean)
    t = mean[:, 1:] / np.sqrt(squares[:, 1:] / (count[1:] - 1) / count[1:])
    p[:, 1:] = 2 * stats.t.sf(np.abs(t), count[1:] - 1)
    return p


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=4000)
    parser.add_argument("--runs", type=int, nargs="+", default=[12, 30])
    parser.add_argument("--looks", type=int, nargs="+", default=[1, 2, 3, 5, 10])
    given = parser.parse_args()
    if max(given.looks) > min(given.runs):
        parser.error("--looks: at most the number of --runs")
    rows = []
    for runs in given.runs:
        for looks in given.looks:
            found = size(runs, looks, given.studies)
            known = spending.chance_of_a_finding(spending.equal(looks), [0.05] * looks)
            rows.append([runs, looks, *vars(found).values(), known])
    headers = ["runs", "looks", "planned", "every run", "held", "at 5 %", "every run at 5 %", "known"]
    print(tabulate(rows, headers, floatfmt=".3f"))


if __name__ == "__main__":
    main()
