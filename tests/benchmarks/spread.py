"""How far the statistics of spread keep what they promise: coverage of ratios, size and power of tests, and what could
have been seen.

python -m tests.benchmarks.spread [--studies 400] [--tables coverage ways size settings power detectable seconds]

Simulated studies, runs × languages. A language's score is √0.8 of the run's own and √0.2 of the language's, so that
languages have a correlation of 0.8 over runs; the *pairing* is the part of the variance that the two methods have in
common. Kinds of draws, each with mean 0 and standard deviation 1: normal; ``t5``, Student's t with 5 degrees of
freedom; ``skewed``, a gamma of shape 4; ``collapse``, normal but 20 points lower with a chance of 1 in 10; ``flat``,
uniform. ``flat and t5`` is a method of either, of one std but unequal kurtosis. ``settings`` adds effects with a
standard deviation of 2, the same for both methods, to every fourth run. Means differ by 2 points. The standard error of
a share of 400 studies is 0.011 near 0.95 or 0.05 and 0.02 near 0.8; of 1,000 studies 0.007 and 0.013.
"""

import argparse
import math
import time
from collections import defaultdict
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.stats import f_oneway, norm
from scipy.stats import t as student
from tabulate import tabulate

from analysis.statistics import std_ratio as module
from analysis.statistics.brown_forsythe import brown_forsythe
from analysis.statistics.minimum_detectable import minimum_detectable_ratio
from analysis.statistics.run_bootstrap import counts
from analysis.statistics.std_ratio import paired, std_ratio
from analysis.statistics.swap_test import swap_test

Array = NDArray[np.float64]
Draw = Callable[[np.random.Generator, tuple[int, ...]], Array]
Rows = list[list[object]]

ALIKE = 0.8
"""Correlation of languages over runs."""


def _collapse(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return np.asarray((random.normal(size=shape) - 20 * (random.random(shape) < 0.1) + 2) / math.sqrt(1 + 400 * 0.09))


KINDS: dict[str, Draw] = {
    "normal": lambda random, shape: random.normal(size=shape),
    "t5": lambda random, shape: random.standard_t(5, size=shape) / math.sqrt(5 / 3),
    "skewed": lambda random, shape: (random.gamma(4, size=shape) - 4) / 2,
    "collapse": _collapse,
    "flat": lambda random, shape: random.uniform(-math.sqrt(3), math.sqrt(3), size=shape),
}
PAIRS = {
    "normal": ("normal", "normal"),
    "t5": ("t5", "t5"),
    "skewed": ("skewed", "skewed"),
    "flat and t5": ("flat", "t5"),
}


def simulate(
    random: np.random.Generator,
    studies: int,
    runs: int,
    languages: int = 1,
    *,
    ratio: float = 1.0,
    pairing: float = 0.0,
    kinds: tuple[str, str] = ("normal", "normal"),
    settings: float = 0.0,
) -> tuple[Array, Array]:
    """Scores of ours and theirs, studies × runs × languages, with the true std ratio (of what the settings have no part
    in)."""

    def draws(kind: str) -> Array:
        run = KINDS[kind](random, (studies, runs, 1))
        if languages == 1:
            return run
        return math.sqrt(ALIKE) * run + math.sqrt(1 - ALIKE) * KINDS[kind](random, (studies, runs, languages))

    shared = draws(kinds[0]) if pairing else 0.0
    ours, theirs = (math.sqrt(pairing) * shared + math.sqrt(1 - pairing) * draws(kind) for kind in kinds)
    groups = max(2, runs // 4)
    effects = settings * random.normal(size=(studies, groups, 1))[:, np.arange(runs) % groups]
    return ratio * ours + effects + 62, theirs + effects + 60


def held(ours: Array, theirs: Array, ratio: float) -> float:
    """The share of studies whose interval holds the true ratio."""
    found = [std_ratio(a, b) for a, b in zip(ours, theirs, strict=True)]
    return float(np.mean([one.low <= ratio <= one.high for one in found]))


def rejected(ours: Array, theirs: Array, level: float = 0.05) -> float:
    """The share of studies in which the swap test finds a difference."""
    return float(np.mean([swap_test(a, b).p <= level for a, b in zip(ours, theirs, strict=True)]))


def rejected_by_brown_forsythe(ours: Array, theirs: Array, level: float = 0.05) -> float:
    """The share of studies × languages in which Brown and Forsythe's test does, before Holm's correction."""
    return float((_brown_forsythe(ours, theirs) <= level).mean())


def _brown_forsythe(ours: Array, theirs: Array) -> Array:
    """Its p, studies × languages."""
    distances = (np.abs(scores - np.median(scores, axis=1, keepdims=True)) for scores in (ours, theirs))
    return np.asarray(f_oneway(*distances, axis=1).pvalue)


CASES = [(1, 0.0, 0.5), (1, 0.7, 1.0), (14, 0.0, 1.0), (14, 0.7, 0.5)]
"""Languages, pairing, true ratio."""


def coverage(studies: int) -> str:
    sizes = (5, 8, 10, 20, 50)
    rows: Rows = []
    for kind in ("normal", "t5", "skewed", "collapse"):
        for languages, pairing, ratio in CASES:
            shares = []
            for runs in sizes:
                random = np.random.default_rng(runs)
                both = simulate(random, studies, runs, languages, ratio=ratio, pairing=pairing, kinds=(kind, kind))
                shares.append(held(*both, ratio))
            rows.append([kind, languages, pairing, ratio, *shares])
    return tabulate(
        rows, ["coverage", "languages", "pairing", "true ratio", *(f"n = {runs}" for runs in sizes)], floatfmt=".3f"
    )


def ways(studies: int) -> str:
    """Coverage of other intervals for the same resamples, with the median of high / low."""
    sizes, rows = (5, 8, 10, 20, 50), []
    for kind in ("normal", "t5", "skewed"):
        for languages, pairing, ratio in (CASES[0], CASES[3]):
            inside: dict[str, list[str]] = defaultdict(list)
            for runs in sizes:
                both = simulate(
                    np.random.default_rng(runs),
                    studies,
                    runs,
                    languages,
                    ratio=ratio,
                    pairing=pairing,
                    kinds=(kind, kind),
                )
                ends: dict[str, list[tuple[float, float]]] = defaultdict(list)
                for a, b in zip(*both, strict=True):
                    for way, limits in _intervals(*paired(a, b)).items():
                        ends[way].append(limits)
                for way, found in ends.items():
                    low, high = np.array(found).T
                    share = ((low <= math.log(ratio)) & (math.log(ratio) <= high)).mean()
                    width = math.exp(min(20.0, float(np.median(high - low))))
                    inside[way].append(f"{share:.3f} ({width:.1f})" if width < 1000 else f"{share:.3f} (>999)")
            rows += [[kind, languages, pairing, way, *shares] for way, shares in inside.items()]
    return tabulate(
        rows, ["coverage (high / low)", "languages", "pairing", "interval", *(f"n = {runs}" for runs in sizes)]
    )


def _intervals(a: Array, b: Array) -> dict[str, tuple[float, float]]:
    """Intervals of the log ratio of one study, by name."""
    runs, every = len(a), np.ones((1, len(a)))
    logs, errors = (
        np.concatenate(part) for part in zip(*(module._log_ratios(a, b, c) for c in counts(runs, 1000)), strict=True)
    )
    log, error = (float(found[0]) for found in module._log_ratios(a, b, every))
    fit = np.isfinite(logs) & (errors > 0)
    logs, errors = logs[fit], errors[fit]
    scaled = (logs - log) / errors
    low, high = np.quantile(scaled, [0.025, 0.975])
    half = np.quantile(np.abs(scaled), 0.95)
    left = module._log_ratios(a, b, every - np.eye(runs))[0]
    room = student.ppf(0.975, runs - 1) * math.sqrt((runs - 1) * left.var(ddof=0))
    # Efron's bias correction and acceleration.
    bias = norm.ppf(np.clip((logs < log).mean(), 1e-3, 1 - 1e-3))
    moved = left.mean() - left
    speed = (moved**3).sum() / (6 * (moved**2).sum() ** 1.5)
    z = bias + norm.ppf([0.025, 0.975])
    first, last = np.quantile(logs, norm.cdf(bias + z / (1 - speed * z)))
    percentile = np.quantile(logs, [0.025, 0.975])
    return {
        "percentile": (percentile[0], percentile[1]),
        "BCa": (first, last),
        "bootstrap-t": (log - high * error, log - low * error),
        "symmetric bootstrap-t": (log - half * error, log + half * error),
        "jackknife": (log - room, log + room),
    }


NULLS = [(1, 0.0, 0.0), (1, 0.7, 0.0), (1, 0.95, 0.0), (14, 0.7, 0.0), (14, 0.3, 2.0)]
"""Languages, pairing, effects of settings."""


def size(studies: int) -> str:
    sizes, rows = (5, 6, 8, 10, 20, 50), []
    for kind, kinds in PAIRS.items():
        for languages, pairing, settings in NULLS:
            shares: dict[str, list[float]] = defaultdict(list)
            for runs in sizes:
                random = np.random.default_rng(runs)
                both = simulate(random, studies, runs, languages, pairing=pairing, kinds=kinds, settings=settings)
                shares["swaps"].append(rejected(*both))
                shares["Brown–Forsythe"].append(rejected_by_brown_forsythe(*both))
            rows += [[kind, languages, pairing, settings, test, *found] for test, found in shares.items()]
    return tabulate(
        rows, ["size", "languages", "pairing", "settings", "test", *(f"n = {runs}" for runs in sizes)], floatfmt=".3f"
    )


def power(studies: int) -> str:
    sizes, rows = (5, 6, 8, 10, 12, 20, 50), []
    for pairing in (0.0, 0.7):
        for ratio in (0.7, 1 / 2, 1 / 3, 1 / 4):
            shares: dict[str, list[float]] = defaultdict(list)
            for runs in sizes:
                one, many = (
                    simulate(np.random.default_rng(runs), studies, runs, count, ratio=ratio, pairing=pairing)
                    for count in (1, 14)
                )
                shares["swaps, 14 languages"].append(rejected(*many))
                shares["swaps, 1 language"].append(rejected(*one))
                shares["Brown–Forsythe, 1 language"].append(rejected_by_brown_forsythe(*one))
                least = 14 * _brown_forsythe(*many).min(axis=1)  # Holm's smallest p
                shares["Brown–Forsythe, any of 14 by Holm"].append(float((least <= 0.05).mean()))
            rows += [[pairing, f"{ratio:.2f}", test, *found] for test, found in shares.items()]
    return tabulate(rows, ["pairing", "true ratio", "power of", *(f"n = {runs}" for runs in sizes)], floatfmt=".2f")


def detectable(studies: int) -> str:
    """The ratio said to be detectable, from some studies each, and the swap test's power at their geometric mean in
    others."""
    rows: Rows = []
    for runs, told in (
        (5, 5),
        (6, 25),
        (7, 25),
        (8, 25),
        (10, 25),
        (12, 16),
        (20, 25),
        (40, 25),
        (41, 25),
        (50, 25),
        (200, 25),
    ):
        for languages, pairing in ((1, 0.0), (1, 0.7), (14, 0.7), (40, 0.3)):
            random = np.random.default_rng(runs)
            said = [
                minimum_detectable_ratio(a, b)
                for a, b in zip(*simulate(random, told, runs, languages, pairing=pairing), strict=True)
            ]
            ratios = np.array([one.ratio for one in said if not one.reason])
            if len(ratios) < len(said):
                rows.append([runs, languages, pairing, f"none in {len(said) - len(ratios)} of {len(said)}"])
                continue
            mean = float(np.exp(np.log(ratios).mean()))
            count = max(100, min(studies, 40_000 // runs // math.ceil(languages / 14)))
            seen = rejected(*simulate(random, count, runs, languages, pairing=pairing, ratio=mean))
            rows.append(
                [
                    runs,
                    languages,
                    pairing,
                    f"{mean:.2f}",
                    f"{ratios.min():.2f} to {ratios.max():.2f}",
                    f"{seen:.2f}",
                    count,
                ]
            )
    return tabulate(rows, ["runs", "languages", "pairing", "detectable ratio", "by study", "power there", "studies"])


def seconds(studies: int) -> str:
    rows: Rows = []
    for runs, languages in ((8, 14), (12, 14), (12, 40), (20, 14), (20, 40), (40, 40), (200, 40), (2000, 40)):
        ours, theirs = simulate(np.random.default_rng(0), 1, runs, languages, pairing=0.7, ratio=0.5)
        taken = []
        for statistic in (std_ratio, swap_test, brown_forsythe, minimum_detectable_ratio):
            start = time.perf_counter()
            statistic(ours[0], theirs[0])
            taken.append(time.perf_counter() - start)
        rows.append([runs, languages, *taken])
    names = ("ratio", "swaps", "Brown–Forsythe", "detectable")
    return tabulate(rows, ["runs", "languages", *(f"{name}, seconds" for name in names)], floatfmt=".3f")


def settings(studies: int) -> str:
    """Several seeds a setting: runs drawn and swapped one by one, and by whole settings, of settings drawn anew and of
    these alone."""
    rows: Rows = []
    for groups, seeds in ((4, 2), (4, 5), (6, 3), (10, 5), (20, 2)):
        for share in (0.0, 0.5, 0.9):
            random = np.random.default_rng(groups)
            labels = np.repeat(np.arange(groups), seeds)
            for anew in (True, False):
                found: list[list[bool]] = []
                for _ in range(studies):
                    effects = random.normal(size=(2, groups))
                    if not anew:  # of one variance in the study itself, so that the ratio over these settings is 1
                        effects = (effects - effects.mean(axis=1, keepdims=True)) / effects.std(axis=1, keepdims=True)
                    a, b = math.sqrt(share) * effects[:, labels] + math.sqrt(1 - share) * random.normal(
                        size=(2, groups * seeds)
                    )
                    pairs = [(std_ratio(a, b, by), swap_test(a, b, by)) for by in (None, labels)]
                    found.append(
                        [hit for ratio, test in pairs for hit in (ratio.low <= 1 <= ratio.high, test.p <= 0.05)]
                    )
                shares = np.mean(found, axis=0)
                rows.append([f"{groups} × {seeds}", share, "anew" if anew else "these", *shares[[0, 2, 1, 3]]])
    heads = ("coverage, by run", "by setting", "size, by run", "by setting")
    return tabulate(rows, ["settings × seeds", "of the settings", "settings drawn", *heads], floatfmt=".3f")


TABLES = {f.__name__: f for f in (coverage, ways, size, settings, power, detectable, seconds)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=400)
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=[*TABLES])
    given = parser.parse_args()
    print(f"{given.studies} studies")
    for name in given.tables:
        start = time.perf_counter()
        print(f"\n{TABLES[name](given.studies)}\n({time.perf_counter() - start:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
