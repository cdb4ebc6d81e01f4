"""Bias and coverage of the variance components and of the multi-bootstrap, on simulated scores with known truth.

    python -m tests.benchmarks.variance [--grids 20000] [--sparse 400] [--samples 2000]

Components are estimated on ``--grids`` grids of settings × seeds (× replicates), with effects of known variance. On
``--sparse`` grids a tenth of the runs is lost, and REML is used. Bias is in standard errors of the mean over grids.

The multi-bootstrap gets ``--samples`` samples of runs and test examples from a population with a known difference
between two methods. Chance moves its coverage by about 0.5 points at 2,000 samples.
"""

import argparse
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from tabulate import tabulate

from analysis.results.prediction_counts import ACCURACY, F1
from analysis.statistics.decomposition.mixed_model import reml
from analysis.statistics.decomposition.variance import INTERACTION, NOISE, SEED, SETTING, components
from analysis.statistics.multi_bootstrap import MIN_FOR_P, Difference, Metric, zero_shot_difference

Floats = NDArray[np.float64]

TRUTH = {SETTING: 9.0, SEED: 2.0, INTERACTION: 1.0, NOISE: 0.5}
"""Variances of the effects, in squared points."""


@dataclass(frozen=True)
class Grid:
    settings: int
    seeds: int
    replicates: int = 1
    reruns: int | None = None
    """Number of settings whose runs have replicates; None means all."""
    effects: str = "normal"
    """``normal``, or ``skewed``: exponential."""

    def __str__(self) -> str:
        of = f" in {self.reruns} setting(s)" if self.reruns is not None else ""
        return f"{self.settings} × {self.seeds}" + (
            f", {self.replicates} replicates{of}" if self.replicates > 1 else ""
        )

    def scores(self, count: int, random: np.random.Generator, truth: dict[str, float] = TRUTH) -> Floats:
        """Simulated scores: count × settings × seeds × replicates."""
        a, b, n = self.settings, self.seeds, self.replicates
        shapes = {SETTING: (a, 1, 1), SEED: (1, b, 1), INTERACTION: (a, b, 1), NOISE: (a, b, n)}
        scores = np.full((count, a, b, n), 60.0)
        for name, shape in shapes.items():
            draws = (
                random.normal(size=(count, *shape))
                if self.effects == "normal"
                else random.exponential(size=(count, *shape)) - 1
            )
            scores += math.sqrt(truth[name]) * draws
        if self.reruns is not None:
            scores[:, self.reruns :, :, 1:] = np.nan
        return scores


@dataclass(frozen=True)
class Estimated:
    component: str
    truth: float
    mean: float
    error: float
    """Standard error of the mean."""
    coverage: float
    """Share of grids whose interval holds the truth; NaN without intervals."""


def of_components(grid: Grid, count: int, seed: int = 1) -> list[Estimated]:
    found = components(grid.scores(count, np.random.default_rng(seed)))
    truths = np.array([sum(TRUTH[part] for part in name.split(" + ")) for name in found.names])[:, None]
    covered = ((found.low <= truths) & (truths <= found.high)).mean(axis=1)
    return _estimated(found.names, truths[:, 0], found.variance, covered)


def of_sparse(grid: Grid, count: int, lost: float = 0.1, seed: int = 1) -> tuple[list[Estimated], int]:
    """REML's estimates with a share of the runs lost, and the number of fits that gave a reason instead."""
    random, estimates = np.random.default_rng(seed), []
    names: tuple[str, ...] = ()
    for scores in grid.scores(count, random):
        kept = np.sort(random.permutation(scores.size)[round(lost * scores.size) :])
        setting, seed_, _ = np.unravel_index(kept, scores.shape)
        found = reml(setting, seed_, scores.ravel()[kept])
        if not found.reason:
            names = found.names
            estimates.append(found.variance[:, 0])
    truths = np.array([sum(TRUTH[part] for part in name.split(" + ")) for name in names])
    return _estimated(names, truths, np.array(estimates).T, np.full(len(names), np.nan)), count - len(estimates)


def _estimated(names: tuple[str, ...], truths: Floats, estimates: Floats, covered: Floats) -> list[Estimated]:
    means, errors = estimates.mean(axis=1), estimates.std(axis=1, ddof=1) / math.sqrt(estimates.shape[1])
    return [
        Estimated(*row)
        for row in zip(names, truths.tolist(), means.tolist(), errors.tolist(), covered.tolist(), strict=True)
    ]


@dataclass(frozen=True)
class Population:
    """Two methods. A sample has some runs of each, on some test examples of some languages."""

    runs: int
    examples: int
    languages: int = 1
    metric: Metric = ACCURACY
    ours: float = 0.8
    theirs: float = 0.6
    """Ease of a method, on the scale of the other effects. With F1 both methods are equal, so that the difference is
    known."""
    of_run: float = 0.2
    """Standard deviation of a run's effect on an answer's ease, shared by both methods. The three fields below are
    analogous."""
    of_run_and_method: float = 0.2
    of_example: float = 1.0
    of_example_and_method: float = 0.3

    @property
    def truth(self) -> float:
        """The difference, in points, of the means over all runs and examples."""
        if self.metric is F1:
            assert self.ours == self.theirs
            return 0.0
        spread = math.sqrt(
            1 + self.of_run**2 + self.of_run_and_method**2 + self.of_example**2 + self.of_example_and_method**2
        )
        return 100 * float(stats.norm.cdf(self.ours / spread) - stats.norm.cdf(self.theirs / spread))

    def sample(self, random: np.random.Generator) -> tuple[dict[str, NDArray[np.int32]], dict[str, NDArray[np.int32]]]:
        """Counts of both methods (runs × examples × statistics) by language."""
        runs = random.normal(scale=self.of_run, size=(1, self.runs, 1))
        runs = runs + random.normal(scale=self.of_run_and_method, size=(2, self.runs, 1))
        found: tuple[dict[str, NDArray[np.int32]], dict[str, NDArray[np.int32]]] = ({}, {})
        for language in range(self.languages):
            examples = random.normal(scale=self.of_example, size=(1, 1, self.examples))
            examples = examples + random.normal(scale=self.of_example_and_method, size=(2, 1, self.examples))
            ease = np.array([self.ours, self.theirs])[:, None, None] + runs + examples
            gold = random.poisson(1.5, size=self.examples) if self.metric is F1 else np.ones(self.examples, np.int64)
            right = random.binomial(np.broadcast_to(gold, ease.shape), stats.norm.cdf(ease))
            gold = np.broadcast_to(gold, right.shape)
            wrong = random.poisson(0.5, size=right.shape) if self.metric is F1 else 0
            statistics = [right, right + wrong, gold] if self.metric is F1 else [right, gold]
            for method, counted in zip(found, np.stack(statistics, axis=-1).astype(np.int32), strict=True):
                method[str(language)] = counted
        return found


def of_multi_bootstrap(population: Population, samples: int, resamples: int, seed: int = 1) -> list[Difference]:
    random = np.random.default_rng(seed)
    return [
        zero_shot_difference(*population.sample(random), population.metric, resamples=resamples) for _ in range(samples)
    ]


def coverage(found: list[Difference], truth: float) -> float:
    return float(np.mean([one.low <= truth <= one.high for one in found]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--grids", type=int, default=20_000)
    parser.add_argument("--sparse", type=int, default=400)
    parser.add_argument("--samples", type=int, default=2_000)
    parser.add_argument("--resamples", type=int, default=1_000)
    options = parser.parse_args()

    grids = [
        Grid(5, 5),
        Grid(5, 5, 2),
        Grid(5, 10),
        Grid(20, 5),
        Grid(5, 5, 3, reruns=1),
        Grid(20, 10, 2),
        Grid(5, 1, 2),
        Grid(5, 1),
    ]
    rows = []
    for i, grid in enumerate([*grids, Grid(5, 5, 2, effects="skewed"), Grid(20, 10, 2, effects="skewed")]):
        for one in of_components(grid, options.grids, seed=i):
            bias = (one.mean - one.truth) / one.error
            rows.append([str(grid), grid.effects, one.component, one.truth, one.mean, bias, 100 * one.coverage])
    print(f"Variance components by ANOVA, means of {options.grids:,} grids")
    print(
        tabulate(
            rows,
            ["settings × seeds", "effects", "component", "truth", "mean", "bias (SE)", "coverage (%)"],
            floatfmt=("", "", "", ".1f", ".3f", "+.1f", ".1f"),
        )
    )

    rows = []
    for grid in (Grid(8, 6), Grid(8, 6, 2)):
        estimated, without = of_sparse(grid, options.sparse)
        for one in estimated:
            rows.append([str(grid), one.component, one.truth, one.mean, (one.mean - one.truth) / one.error, without])
    print(f"\nVariance components by REML, a tenth of the runs lost, means of {options.sparse:,} grids")
    print(
        tabulate(
            rows,
            ["settings × seeds", "component", "truth", "mean", "bias (SE)", "without a fit"],
            floatfmt=("", "", ".1f", ".3f", "+.1f", ""),
        )
    )

    rows = []
    cases = [Population(runs, 300) for runs in (5, 10, 20, 40)]
    cases += [Population(runs, 1000, of_run_and_method=0.5) for runs in (3, 5, 10, 20, 40)]
    cases += [Population(runs, 100, languages=5) for runs in (5, 10, 20, 40)]
    cases += [
        Population(20, 30),
        Population(20, 100),
        Population(20, 100, languages=3),
        Population(20, 60, languages=5),
    ]
    cases += [Population(runs, 300, ours=0.6) for runs in (5, 20)]
    cases += [Population(runs, 1000, ours=0.6, of_run_and_method=0.5) for runs in (5, 20, 40)]
    cases += [Population(runs, 300, metric=F1, ours=0.6) for runs in (5, 20)]
    cases += [Population(20, 100, languages=5, metric=F1, ours=0.6)]
    for case in cases:
        found = of_multi_bootstrap(case, options.samples, options.resamples)
        size = (
            100 * float(np.mean([one.p < 0.05 for one in found]))
            if case.truth == 0 and case.runs >= MIN_FOR_P
            else None
        )
        width = float(np.mean([one.high - one.low for one in found]))
        mean = np.mean([one.difference for one in found])
        shown = [
            case.metric.name,
            case.runs,
            case.of_run_and_method,
            case.languages,
            case.examples,
            case.truth,
            mean,
            width,
        ]
        rows.append([*shown, 100 * coverage(found, case.truth), size])
    print(f"\nMulti-bootstrap of {options.resamples:,} resamples, {options.samples:,} samples")
    header = [
        "metric",
        "runs",
        "run σ",
        "languages",
        "examples",
        "truth",
        "mean",
        "width",
        "coverage (%)",
        "size at 5 % (%)",
    ]
    print(tabulate(rows, header, floatfmt=("", "", ".1f", "", "", ".2f", ".2f", ".2f", ".1f", ".1f")))


if __name__ == "__main__":
    main()
