"""Statistics of spread on simulated studies: coverage of ratios, size and power of tests, and detectable ratios.

    python -m tests.benchmarks.spread [--studies 400] [--tables size coverage pairings settings power detectable
        seconds]

Studies are runs × languages. A language's score is √0.8 times the run's draw plus √0.2 times the language's own draw.
Languages thus have a correlation of 0.8 over runs. The *pairing* is the share of variance that the two methods have in
common. Means differ by 2 points. Worlds:

- Draws with mean 0 and standard deviation 1: normal, ``t5`` (Student's t with 5 degrees of freedom), ``skewed`` (a
  gamma of shape 4), ``lognormal`` (of a normal with standard deviation 0.5) and ``flat`` (uniform).
- ``5 % collapse`` and so on: normal draws, with each run 50 points lower by chance, equally likely in both methods.
- ``flat and t5``: one method of each, with equal std and unequal kurtosis.
- ``settings``: additional effects with a standard deviation of 2, the same for both methods. About four runs share each
  effect.

The standard error of a share of 400 studies is 0.011 near 0.95 or 0.05 and 0.02 near 0.8; of 1,000 studies 0.007 and
0.013.
"""

import argparse
import math
import time
from collections import defaultdict
from typing import Any

import numpy as np
from tabulate import tabulate

from analysis.statistics.spread.brown_forsythe import brown_forsythe
from analysis.statistics.spread.minimum_detectable import minimum_detectable_ratio
from analysis.statistics.spread.std_ratio import std_ratio, std_ratios
from analysis.statistics.spread.swap_test import swap_test
from tests.benchmarks.simulated_pairs import (
    held,
    ps_by_brown_forsythe,
    rejected,
    rejected_by_brown_forsythe,
    simulate,
)

Rows = list[list[object]]

RUNS = (8, 10, 15, 20)
WORLDS: dict[str, dict[str, Any]] = {
    **{kind: {"kinds": (kind, kind)} for kind in ("normal", "t5", "skewed", "lognormal")},
    **{f"{share:.0%} collapse".replace("%", " %"): {"collapse": share} for share in (0.05, 0.1, 0.2, 0.4)},
}
HEADS = [f"n = {runs}" for runs in RUNS]


def size(studies: int) -> str:
    """Share of false differences. Where swaps find none, any interval of ``std_ratio`` contains the ratio 1."""
    rows: Rows = []
    for world, options in WORLDS.items():
        for languages in (1, 14):
            shares: dict[str, list[float]] = defaultdict(list)
            for runs in RUNS:
                both = simulate(np.random.default_rng(runs), studies, runs, languages, pairing=0.5, **options)
                shares["swaps"].append(rejected(*both))
                shares["Brown–Forsythe"].append(rejected_by_brown_forsythe(*both))
            rows += [[world, languages, test, *found] for test, found in shares.items()]
    return tabulate(rows, ["size", "languages", "test", *HEADS], floatfmt=".3f")


def coverage(studies: int) -> str:
    """Coverage at ratios other than 1; collapses are equally deep in both methods."""
    rows: Rows = []
    for world, options in WORLDS.items():
        for languages, ratio in ((1, 0.5), (14, 0.7)):
            shares = []
            for runs in RUNS:
                random = np.random.default_rng(runs)
                both = simulate(random, studies, runs, languages, pairing=0.5, ratio=ratio, **options)
                shares.append(held(*both, ratio))
            rows.append([world, languages, ratio, *shares])
    return tabulate(rows, ["coverage", "languages", "true ratio", *HEADS], floatfmt=".3f")


NULLS = [(1, 0.0, 0.0), (1, 0.7, 0.0), (1, 0.95, 0.0), (14, 0.3, 2.0)]
"""Languages, pairing, effects of settings."""


def pairings(studies: int) -> str:
    """Size with stronger or weaker pairing, and with different distributions of the methods."""
    rows: Rows = []
    for kinds in (("normal", "normal"), ("flat", "t5")):
        for languages, pairing, effects in NULLS:
            shares: dict[str, list[float]] = defaultdict(list)
            for runs in RUNS:
                random = np.random.default_rng(runs)
                both = simulate(random, studies, runs, languages, pairing=pairing, kinds=kinds, settings=effects)
                shares["swaps"].append(rejected(*both))
                shares["Brown–Forsythe"].append(rejected_by_brown_forsythe(*both))
            names = " and ".join(dict.fromkeys(kinds))
            rows += [[names, languages, pairing, effects, test, *found] for test, found in shares.items()]
    return tabulate(rows, ["size", "languages", "pairing", "settings", "test", *HEADS], floatfmt=".3f")


def power(studies: int) -> str:
    rows: Rows = []
    for world in ("normal", "lognormal", "10 % collapse"):
        for ratio in (0.7, 1 / 2, 1 / 3):
            shares: dict[str, list[float]] = defaultdict(list)
            for runs in RUNS:
                one, many = (
                    simulate(
                        np.random.default_rng(runs), studies, runs, count, ratio=ratio, pairing=0.5, **WORLDS[world]
                    )
                    for count in (1, 14)
                )
                shares["swaps, 14 languages"].append(rejected(*many))
                shares["swaps, 1 language"].append(rejected(*one))
                shares["Brown–Forsythe, 1 language"].append(rejected_by_brown_forsythe(*one))
                least = 14 * ps_by_brown_forsythe(*many).min(axis=1)  # Holm's smallest p
                shares["Brown–Forsythe, any of 14 by Holm"].append(float((least <= 0.05).mean()))
            rows += [[world, f"{ratio:.2f}", test, *found] for test, found in shares.items()]
    return tabulate(rows, ["world", "true ratio", "power of", *HEADS], floatfmt=".2f")


TOLD = 25
"""Number of studies whose detectable ratios are computed."""


def detectable(studies: int) -> str:
    """The detectable ratios of some studies, and the swap test's power at the ratios' geometric mean in other
    studies."""
    rows: Rows = []
    for runs in (6, 8, 10, 20, 40, 41, 200):
        for languages, pairing in ((1, 0.0), (1, 0.7), (14, 0.7)):
            random = np.random.default_rng(runs)
            said = [
                minimum_detectable_ratio(a, b)
                for a, b in zip(*simulate(random, TOLD, runs, languages, pairing=pairing), strict=True)
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
        for statistic in (std_ratio, std_ratios, swap_test, brown_forsythe, minimum_detectable_ratio):
            start = time.perf_counter()
            statistic(ours[0], theirs[0])
            taken.append(time.perf_counter() - start)
        rows.append([runs, languages, *taken])
    names = ("ratio", "ratios", "swaps", "Brown–Forsythe", "detectable")
    return tabulate(rows, ["runs", "languages", *(f"{name}, seconds" for name in names)], floatfmt=".3f")


def settings(studies: int) -> str:
    """Size with several seeds a setting: single runs or whole settings are swapped, for redrawn or fixed settings.

    Where swaps find nothing, any interval of ``std_ratio`` contains the ratio 1.
    """
    rows: Rows = []
    for groups, seeds in ((4, 2), (6, 3), (10, 5), (20, 2)):
        labels = np.repeat(np.arange(groups), seeds)
        for share in (0.0, 0.5, 0.9):
            random = np.random.default_rng(groups)
            for anew in (True, False):
                found = []
                for _ in range(studies):
                    effects = random.normal(size=(2, groups))
                    # effects have equal variance within the study, so that the ratio over these settings is 1
                    if not anew:
                        effects = (effects - effects.mean(axis=1, keepdims=True)) / effects.std(axis=1, keepdims=True)
                    noise = random.normal(size=(2, len(labels)))
                    a, b = math.sqrt(share) * effects[:, labels] + math.sqrt(1 - share) * noise
                    found.append([swap_test(a, b, by).p <= 0.05 for by in (None, labels)])
                drawn = "anew" if anew else "these"
                rows.append([f"{groups} × {seeds}", share, drawn, *np.mean(found, axis=0)])
    heads = ["settings × seeds", "settings' share of variance", "settings drawn", "size, by run", "by setting"]
    return tabulate(rows, heads, floatfmt=".3f")


TABLES = {f.__name__: f for f in (size, coverage, pairings, settings, power, detectable, seconds)}


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
