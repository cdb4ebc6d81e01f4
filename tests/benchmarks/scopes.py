"""Size and coverage of mean differences, crossed std ratios, slopes and tails.

    python -m tests.benchmarks.scopes [--studies 400] [--tables means absent ratios slopes tails scales]

Studies of settings × seeds are simulated. The noise of runs is normal, Student's t with 5 degrees of freedom,
lognormal, or normal with 10 % of runs 50 points lower. A world also has a method × setting and a method × seed effect
of the same kind. Their standard deviations are multiples of the noise's. Two standard errors of a share of 400 studies
are 0.02 near 0.05 and 0.95.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit
from tabulate import tabulate

from analysis.statistics.crossed_means import crossed_means
from analysis.statistics.scales import scales_disagree
from analysis.statistics.slopes import slopes as slopes_of
from analysis.statistics.slopes import spread_slopes
from analysis.statistics.spread.crossed_ratio import crossed_ratio
from analysis.statistics.tails import tails as tails_of

Array = NDArray[np.float64]
Draw = Callable[[np.random.Generator, tuple[int, ...]], Array]
Rows = list[list[object]]

DESIGNS = [(4, 2), (5, 1), (5, 3), (10, 2), (20, 3)]
KINDS: dict[str, Draw] = {
    "normal": lambda random, shape: random.normal(size=shape),
    "t5": lambda random, shape: random.standard_t(5, size=shape),
    "lognormal": lambda random, shape: random.lognormal(size=shape),
    "collapse": lambda random, shape: random.normal(size=shape) - 50 * (random.random(shape) < 0.1),
}
WORLDS = [("normal", 0, 0), ("normal", 1, 0), ("normal", 0, 1), ("normal", 1, 1), ("normal", 0, 3)]
WORLDS += [("t5", 0, 0), ("lognormal", 0, 0), ("lognormal", 1, 1), ("collapse", 0, 0)]
"""Kind of draws, and the sizes of method × setting and method × seed effects."""
HEADS = ["kind", "× setting", "× seed"]


def method(random: np.random.Generator, kind: str, sizes: tuple[int, int], effects: tuple[float, float]) -> Array:
    """One method's scores, settings × seeds, and the effect of each setting."""
    settings, seeds = sizes
    draw = KINDS[kind]
    of_setting, of_seed = (
        size * draw(random, shape) if size else np.zeros(shape)
        for size, shape in zip(effects, ((settings, 1), (1, seeds)), strict=True)
    )
    return np.stack([draw(random, sizes) + of_setting + of_seed, np.broadcast_to(of_setting, sizes)])


def means(studies: int, absent: float = 0.0) -> str:
    """Size for other settings and for other seeds. For other seeds the truth is the mean of these settings' effects."""
    rows: Rows = []
    for kind, *effects in WORLDS:
        cells = []
        for sizes in DESIGNS:
            random, found = np.random.default_rng(sizes[0]), []
            for _ in range(studies):
                ours, theirs = (method(random, kind, sizes, (effects[0], effects[1])) for _ in range(2))
                differences, truth = (ours - theirs).reshape(2, -1)
                kept = random.random(differences.size) >= absent
                labels = [codes.ravel()[kept] for codes in np.indices(sizes)]
                scopes = crossed_means(differences[kept], *labels)
                away = abs(scopes.seeds.estimate - truth[kept].mean()) > scopes.seeds.high - scopes.seeds.estimate
                found.append(
                    [_wrong(scopes.seeds.reason, away), _wrong(scopes.settings.reason, scopes.settings.p <= 0.05)]
                )
            seeds, settings = np.nanmean(found, axis=0)
            cells.append(f"{settings:.3f} / {seeds:.3f}")
        rows.append([kind, *effects, *cells])
    return tabulate(rows, [*HEADS, *(f"{s} × {k}" for s, k in DESIGNS)])


def absent(studies: int) -> str:
    """The table of ``means`` with a fifth of the runs absent."""
    return means(studies, absent=0.2)


def ratios(studies: int) -> str:
    """Size for other settings, with a true ratio of 1."""
    designs, rows = [(5, 1), (5, 3), (10, 5), (20, 3)], []
    for kind, *effects in WORLDS[:-1]:
        cells = []
        for sizes in designs:
            random, labels = np.random.default_rng(sizes[0]), [codes.ravel() for codes in np.indices(sizes)]
            found = []
            for _ in range(studies):
                both = (method(random, kind, sizes, (effects[0], effects[1]))[0].ravel() for _ in range(2))
                scope = crossed_ratio(*both, *labels).settings
                found.append(_wrong(scope.reason, scope.p <= 0.05))
            cells.append(np.nanmean(found))
        rows.append([kind, *effects, *cells])
    return tabulate(rows, [*HEADS, *(f"{s} × {k}" for s, k in designs)], floatfmt=".3f")


def slopes(studies: int) -> str:
    """Size of a slope of the mean difference, with one std and with a std that grows 5-fold, and of the log ratio."""
    rows: Rows = []
    for kind in KINDS:
        for sizes in DESIGNS:
            random, found = np.random.default_rng(sizes[0]), []
            for _ in range(studies):
                doublings = random.uniform(0, 8, sizes[0])
                table = pd.DataFrame({"learning_rate": np.repeat(1e-6 * 2**doublings, sizes[1])})
                setting = np.repeat(np.arange(sizes[0]), sizes[1])
                spread = np.exp(0.2 * doublings)[:, None]
                even = [KINDS[kind](random, sizes) for _ in range(2)]
                ours, theirs = ((scores * spread).ravel() for scores in even)
                fits = (
                    slopes_of((even[0] - even[1]).ravel(), table, setting),
                    slopes_of(ours - theirs, table, setting),
                    spread_slopes(ours, theirs, table, setting),
                )
                found.append([_wrong(fit.slopes[0].reason, fit.slopes[0].p <= 0.05) for fit in fits])
            shares = [np.nanmean(column) if np.isfinite(column).any() else None for column in np.transpose(found)]
            rows.append([kind, f"{sizes[0]} × {sizes[1]}", *shares])
    return tabulate(rows, ["kind", "settings × seeds", "mean", "mean, std grows", "log std ratio"], floatfmt=".3f")


def tails(studies: int) -> str:
    """Coverage of the intervals of ``tails_of``."""
    names, rows = ("quantile", "worst_tenth", "iqr", "gini", "logit_std"), []
    for kind in ("normal", "collapse"):
        many = np.sort(np.clip(70 + KINDS[kind](np.random.default_rng(0), (1_000_000,)), 0, 100))
        count, ranks = len(many), np.arange(1, len(many) + 1)
        truth = {
            "quantile": many[count // 10],
            "worst_tenth": many[: count // 10].mean(),
            "iqr": np.subtract(*np.quantile(many, [0.75, 0.25])),
            "gini": 2 * ((2 * ranks - count - 1) * many).sum() / count / (count - 1),
            "logit_std": logit(many / 100).std(),
        }
        for runs, seeds in ((20, 1), (36, 1), (60, 1), (40, 3)):
            random, found = np.random.default_rng(runs), []
            groups = np.repeat(np.arange(runs), seeds) if seeds > 1 else None
            for _ in range(studies):
                figures = tails_of(np.clip(70 + KINDS[kind](random, (runs * seeds,)), 0, 100), groups)
                figure = {name: getattr(figures, name) for name in names}
                found.append([_wrong(of.reason, of.low <= truth[name] <= of.high) for name, of in figure.items()])
            shares = [np.nanmean(column) if np.isfinite(column).any() else None for column in np.transpose(found)]
            rows.append([kind, f"{runs} × {seeds}", *shares])
    return tabulate(rows, ["kind", "runs", *names], floatfmt=".3f")


def scales(studies: int) -> str:
    """Shares of studies with a caution: equal std in logits, then in points."""
    rows: Rows = []
    for unit, low, high in (
        ("logits", 85, 95),
        ("logits", 85, 90),
        ("logits", 90, 92),
        ("points", 60, 62),
        ("points", 70, 75),
    ):
        cells = []
        for runs in (8, 15, 30, 60):
            random = np.random.default_rng(runs)
            draws = random.normal(size=(2, studies, runs))
            if unit == "logits":
                both = [100 * expit(logit(at / 100) + 0.3 * of) for at, of in zip((high, low), draws, strict=True)]
            else:
                both = [at + 2 * of for at, of in zip((high, low), draws, strict=True)]
            cells.append(np.mean([scales_disagree(*pair).disagree for pair in zip(*both, strict=True)]))
        rows.append([unit, low, high, *cells])
    return tabulate(rows, ["equal in", "low", "high", *(f"n = {runs}" for runs in (8, 15, 30, 60))], floatfmt=".3f")


def _wrong(reason: str, told: bool) -> float:
    """``told`` as a number; NaN without an interval."""
    return np.nan if reason else float(told)


TABLES = {f.__name__: f for f in (means, absent, ratios, slopes, tails, scales)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=400)
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=[*TABLES])
    given = parser.parse_args()
    print(f"{given.studies} studies")
    for name in given.tables:
        start = time.perf_counter()
        print(f"\n{name}\n{TABLES[name](given.studies)}\n({time.perf_counter() - start:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
