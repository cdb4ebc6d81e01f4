"""Shares of hyperparameters in the variance of the settings' mean scores."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.statistics.run_bootstrap import SEED

MIN_SETTINGS = 10
"""Fewest settings for fANOVA: fewer settings are too little data for its forest."""
CONSTANT = 1e-12
"""Spread of the means, relative to the largest, below which they count as equal up to rounding."""
OTHER = ("interactions",)
"""All interactions of hyperparameters together: the remainder after fANOVA's shares of single hyperparameters."""

Floats = NDArray[np.float64]
Term = tuple[str, ...]
"""Names of hyperparameters: one for a main effect, more for an interaction.

Hyperparameters that change together count as one name, joined by `` + ``.
"""


@dataclass(frozen=True)
class Importances:
    """Shares of the variance of the settings' means, by term."""

    shares: dict[Term, float]
    """Shares that sum to 1; empty when undefined (see ``reason``).

    ANOVA gives one share per hyperparameter and per combination of hyperparameters. fANOVA gives one share per
    hyperparameter, and the share ``OTHER``. The variance of seeds and noise that remains in the means affects all
    shares, interactions most.
    """
    way: str
    """``anova`` (exact) or ``fanova`` (from a random forest); empty when undefined (see ``reason``)."""
    settings: int
    aliased: tuple[Term, ...] = ()
    """Groups of hyperparameters that change together. Each hyperparameter of a group determines the others, so their
    effects are inseparable."""
    reason: str = ""
    """Why there are no shares; else empty."""


def importances(values: pd.DataFrame, means: "pd.Series[float]") -> Importances:
    """Shares of hyperparameters in the variance of the settings' mean scores.

    The settings may form a full grid of the varying values, each combination once. Then the shares are exact: an
    effect's sum of squares over the total (ANOVA). Otherwise optuna's fANOVA is used (Hutter, Hoos & Leyton-Brown,
    2014, An Efficient Approach for Assessing Hyperparameter Importance). Its shares describe a random forest's
    predictions for every combination of values, all equally likely.

    fANOVA gets ranks instead of values; ranks do not change the forest. With values, optuna would weigh a learning rate
    by its linear range, even if the range is declared logarithmic. If values were categories, optuna's time would
    double with each of them. Settings without a mean are left out.

    Args:
        values: settings × hyperparameters.
        means: mean score of each setting, aligned with ``values`` by index.
    """
    means = means.dropna()
    table = values.loc[[label for label in values.index if label in means.index]]
    scores: Floats = np.array(means.loc[table.index].tolist(), np.float64)
    count = len(table)
    ranks = {str(name): _ranks(table[name]) for name in table}
    groups = _groups({name: of for name, of in ranks.items() if of.max(initial=0) > 0})
    aliased = tuple(tuple(group) for group in groups if len(group) > 1)
    if not groups:
        few = {0: "there are no settings", 1: "there is one setting"}
        return Importances({}, "", count, aliased, few.get(count, "the settings do not differ in any hyperparameter"))
    if len(groups) == 1:
        alone = (
            "one hyperparameter alone varies: its"
            if not aliased
            else f"{' and '.join(aliased[0])} change together, and nothing else varies: their"
        )
        return Importances({}, "", count, aliased, f"{alone} share would be 100 % of any variance")
    if np.ptp(scores) <= CONSTANT * np.abs(scores).max():
        return Importances({}, "", count, aliased, "all settings have the same mean score")
    levels = {" + ".join(group): ranks[group[0]] for group in groups}
    shape = [int(of.max()) + 1 for of in levels.values()]
    if math.prod(shape) == count == len(set(zip(*levels.values(), strict=True))):
        return Importances(_anova(levels, shape, scores), "anova", count, aliased)
    if count < MIN_SETTINGS:
        return Importances(
            {}, "", count, aliased, f"there are fewer than {MIN_SETTINGS} settings, and they are no full grid"
        )
    return Importances(_fanova(levels, scores), "fanova", count, aliased)


def _groups(ranks: dict[str, NDArray[np.int64]]) -> list[list[str]]:
    """Groups of hyperparameters that change together: their levels correspond one to one.

    If no two settings share a value, as in random designs, any two hyperparameters would correspond in this way. In
    that case the two must also have the same order, or the reverse order.
    """
    groups: list[list[str]] = []
    for name, levels in ranks.items():
        for group in groups:
            other = ranks[group[0]]
            single = levels.max() + 1 == other.max() + 1 == len(levels)
            ordered = np.array_equal(levels, other) or np.array_equal(levels, other.max() - other)
            if ordered or (
                not single and len(set(zip(levels, other, strict=True))) == levels.max() + 1 == other.max() + 1
            ):
                group.append(name)
                break
        else:
            groups.append([name])
    return groups


def _anova(levels: dict[str, NDArray[np.int64]], shape: list[int], scores: Floats) -> dict[Term, float]:
    """Share of every main effect and interaction in the sum of squares of scores on a full grid, one score per cell."""
    cells = np.empty(shape)
    cells[tuple(levels.values())] = scores - scores.mean()
    names, shares = list(levels), {}
    effects: dict[tuple[int, ...], Floats] = {}
    for size in range(1, len(names) + 1):
        for axes in combinations(range(len(names)), size):
            others = tuple(axis for axis in range(len(names)) if axis not in axes)
            inner = (effect for within, effect in effects.items() if set(within) < set(axes))
            effects[axes] = cells.mean(axis=others, keepdims=True) - sum(inner, start=np.zeros(()))
            squares = np.square(effects[axes]).sum() * np.prod([shape[axis] for axis in others])
            shares[tuple(names[axis] for axis in axes)] = float(squares / np.square(cells).sum())
    return shares


def _fanova(levels: dict[str, NDArray[np.int64]], scores: Floats) -> dict[Term, float]:
    import optuna
    from optuna.distributions import FloatDistribution
    from optuna.importance import FanovaImportanceEvaluator

    # Half a rank of room at both ends gives every value the same part of the range.
    distributions = {name: FloatDistribution(-0.5, float(of.max()) + 0.5) for name, of in levels.items()}
    with _quiet():
        study = optuna.create_study()
        for i, score in enumerate(scores):
            params = {name: float(of[i]) for name, of in levels.items()}
            study.add_trial(
                optuna.trial.create_trial(params=params, distributions=dict(distributions), value=float(score))
            )
        found = FanovaImportanceEvaluator(seed=SEED).evaluate(study)
    shares: dict[Term, float] = {(name,): float(found[name]) for name in levels}
    return {**shares, OTHER: max(0.0, 1 - sum(shares.values()))}


def _ranks(values: "pd.Series[Any]") -> NDArray[np.int64]:
    """Each value's rank among the distinct values, from 0: numbers by size, then names, then missing values."""

    def place(value: Any) -> tuple[int, Any]:
        return (2, 0) if value is None else (1, value) if isinstance(value, str) else (0, value)

    cells = [None if pd.isna(value) else value for value in values.tolist()]
    rank = {value: i for i, value in enumerate(sorted(set(cells), key=place))}
    return np.array([rank[value] for value in cells], np.int64)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence optuna's messages about each study, and restore its log level afterwards."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
