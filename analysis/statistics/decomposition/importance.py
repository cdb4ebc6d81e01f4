"""Which hyperparameter carries the variance of the settings' mean scores."""

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
"""Settings below which fANOVA's forest has nothing to learn from."""
CONSTANT = 1e-12
"""Spread of the means, relative to the largest, below which they are one number but for rounding."""
OTHER = ("interactions",)
"""Those of all hyperparameters together: what fANOVA's shares of single ones leave."""

Floats = NDArray[np.float64]
Term = tuple[str, ...]
"""Hyperparameters, one for a main effect, more for their interaction; those that move together are one, joined by `` +
``."""


@dataclass(frozen=True)
class Importances:
    """Shares of the variance of the settings' means, by term."""

    shares: dict[Term, float]
    """They sum to 1: by ANOVA one a hyperparameter and a combination of them, by fANOVA one a hyperparameter and
    ``OTHER``. What seeds and noise left in the means is in all of them, most in interactions. Empty for ``reason``."""
    way: str
    """``anova``, exact, or ``fanova``, of a random forest; empty for ``reason``."""
    settings: int
    aliased: tuple[Term, ...] = ()
    """Hyperparameters that change together, each determining the other, so that nothing tells their effects apart."""
    reason: str = ""
    """Why there are no shares; else empty."""


def importances(values: pd.DataFrame, means: "pd.Series[float]") -> Importances:
    """Shares from the hyperparameters of each setting (settings × hyperparameters) and its mean score (settings),
    aligned by index.

    Exact ANOVA of the means where the settings are a full grid of the values that vary, each once: the sum of squares
    of an effect, as a share of the total. Otherwise fANOVA (Hutter, Hoos & Leyton-Brown, 2014, An Efficient Approach
    for Assessing Hyperparameter Importance) as optuna has it: the shares are those of a random forest's predictions for
    every combination of values, each as likely. It gets ranks for values, which leave the forest as it is, as optuna
    weighs a learning rate by its plain range even where that is said to be logarithmic, and takes a time that doubles
    with each category. Settings without a mean are left out.
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
            "one hyperparameter alone varies"
            if not aliased
            else f"{' and '.join(aliased[0])} change together, and nothing else varies"
        )
        return Importances({}, "", count, aliased, f"{alone}: its share would be 100 % of any variance")
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
    """Hyperparameters by which of them move together: one level of the one goes with one level of the other, and back.

    Where no two settings share a value, as with random ones, that would be so of any two; then they move together where
    their order is the same, or the reverse.
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
    """Every main effect's and interaction's share of the sum of squares of scores on a full grid, one a cell."""
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

    # Half a rank of room at both ends: every value has the same part of the range.
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
    """Each value's rank among the distinct ones, from 0: numbers by size, names behind them, and no value last."""

    def place(value: Any) -> tuple[int, Any]:
        return (2, 0) if value is None else (1, value) if isinstance(value, str) else (0, value)

    cells = [None if pd.isna(value) else value for value in values.tolist()]
    rank = {value: i for i, value in enumerate(sorted(set(cells), key=place))}
    return np.array([rank[value] for value in cells], np.int64)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps optuna from telling of every study, and leaves its logging as it was."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
