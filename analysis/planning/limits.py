"""Designs that can never show a goal, with the reason that the report's tests give."""

from functools import cache

import numpy as np

from analysis.claims.claim import LEVEL, Quantity, Scope
from analysis.claims.spread_test import std_test
from analysis.planning.goals import Goal
from analysis.planning.simulation import Shape
from analysis.statistics.crossed_means import Scoped, crossed_means
from analysis.statistics.paired_proportions import paired_proportions, settings_flips


@cache
def limit(goal: Goal, shape: Shape, tests: int) -> str:
    """The reason why a design of settings × seeds can never show a goal; empty if it can.

    The test itself gives the reason, on arbitrary scores of this design. ``tests`` is the number of methods in Holm's
    correction.
    """
    settings, seeds = shape
    setting, seed = np.divmod(np.arange(settings * seeds), seeds)
    if goal.quantity is Quantity.COLLAPSE:
        return _of_collapse(goal.scope, setting, tests)
    ours, theirs = np.random.default_rng(0).normal(size=(2, len(setting)))
    if len(setting) < 2:
        return "there are fewer than 2 runs"
    if goal.quantity is Quantity.MEAN:
        means = crossed_means(ours - theirs, setting, seed)
        found: Scoped = means.seeds if goal.scope is Scope.SEEDS else means.settings
        return found.reason
    test = std_test(ours, theirs, setting, seed, goal.scope)
    # Equivalence is tested at twice the level, and not corrected for the number of methods.
    return test.reason or _too_few(test.least_p * (0.5 if goal.same else tests))


def _of_collapse(scope: Scope, setting: np.ndarray, tests: int) -> str:
    ours, theirs = np.ones(len(setting), bool), np.zeros(len(setting), bool)
    if scope is Scope.SETTINGS and len(np.unique(setting)) < 2:
        return "there is one setting"
    test = settings_flips(ours, theirs, setting) if scope is Scope.SETTINGS else paired_proportions(ours, theirs)
    return _too_few(test.least_p * tests)


def _too_few(least: float) -> str:
    return f"the smallest possible p is {min(1.0, least):.2g}" if least > LEVEL else ""
