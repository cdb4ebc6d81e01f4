"""The claims of one simulated study, by the tests behind ``answer.json``."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.claims.claim import LEVEL, Quantity, Scope
from analysis.claims.spread_test import MAX_COLLAPSED, std_test
from analysis.planning.goals import GOALS, Goal, Targets
from analysis.planning.world import Drawn
from analysis.statistics.crossed_means import Scoped, crossed_means
from analysis.statistics.equivalence import mean_equivalence
from analysis.statistics.paired_proportions import paired_proportions, settings_flips

DRAWN = 999
"""Number of random swaps of a simulated test. The report makes 9,999 swaps, which raise the power by about 0.003."""


@dataclass(frozen=True)
class Judge:
    """The targets, and the correction for several methods."""

    targets: Targets
    tests: int = 1
    """Number of methods in Holm's correction. The p of a difference is multiplied by this number, the largest factor of
    Holm's correction."""
    drawn: int = DRAWN

    def found(self, study: Drawn, goals: Sequence[Goal] = GOALS) -> list[bool]:
        """Whether the study shows each goal, in the order of ``goals``."""
        kept: NDArray[np.bool_] = np.logical_not(study.collapsed.any(axis=0))
        quantities = {goal.quantity for goal in goals}
        shown = self._collapse(study) if Quantity.COLLAPSE in quantities else {}
        if kept.sum() > 1 and Quantity.MEAN in quantities:
            shown |= self._mean(study, kept)
        if kept.sum() > 1 and (study.collapsed.mean(axis=1) < MAX_COLLAPSED).all():
            shown |= self._spread(study, kept, [goal for goal in goals if goal.quantity is Quantity.SPREAD])
        return [shown.get(goal, False) for goal in goals]

    def _significant(self, p: float) -> bool:
        return p * self.tests <= LEVEL

    def _collapse(self, study: Drawn) -> dict[Goal, bool]:
        ours, theirs = study.other_collapsed
        table = paired_proportions(ours, theirs)
        right = table.difference * (self.targets.collapse[1] - self.targets.collapse[0]) > 0
        p = {Scope.THESE: table.p, Scope.SETTINGS: math.nan}
        if np.unique(study.setting).size > 1:
            p[Scope.SETTINGS] = settings_flips(ours, theirs, study.setting).p
        return {Goal(Quantity.COLLAPSE, scope): right and self._significant(one) for scope, one in p.items()}

    def _spread(self, study: Drawn, kept: NDArray[np.bool_], goals: Sequence[Goal]) -> dict[Goal, bool]:
        shown = {}
        labels = study.setting[kept], study.seed[kept]
        ours, theirs = study.ours[kept], study.theirs[kept]
        for goal in goals:
            ratio, bounds = (1.0, self.targets.same_ratio) if goal.same else (self.targets.ratio, None)
            test = std_test(ratio * ours, theirs, *labels, goal.scope, bounds, drawn=self.drawn)
            found = not test.reason and self._significant(test.p)
            if goal.same:
                shown[goal] = not test.reason and not found and bool(test.equivalent)
            else:
                shown[goal] = found and test.log * math.log(ratio) > 0
        return shown

    def _mean(self, study: Drawn, kept: NDArray[np.bool_]) -> dict[Goal, bool]:
        labels = study.setting[kept], study.seed[kept]
        difference = (study.ours - study.theirs)[kept].mean(axis=1)
        other, same = (crossed_means(difference + shift, *labels) for shift in (self.targets.difference, 0.0))
        shown = {}
        for scope, one, equal in (
            (Scope.SEEDS, other.seeds, same.seeds),
            (Scope.SETTINGS, other.settings, same.settings),
        ):
            right = one.estimate * self.targets.difference > 0
            shown[Goal(Quantity.MEAN, scope)] = right and self._significant(one.p)
            shown[Goal(Quantity.MEAN, scope, True)] = not self._significant(equal.p) and self._within(equal)
        return shown

    def _within(self, found: Scoped) -> bool:
        bound = self.targets.same_points
        return mean_equivalence(found.estimate, found.error, found.df, -bound, bound).equivalent
