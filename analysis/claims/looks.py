"""The planned look that a study has reached, and the runs behind its claims.

A report does not remember earlier reports, and a reader may write a report after every run. Claims therefore wait for
the next planned look. They use the pairs that were first complete in both methods. The number of these pairs is the
number planned for the last reached look, even if more pairs exist now. These pairs stay the same until the next look,
and so do the claims.

The alternative is to test all runs so far at the level of the last reached look. A reader with a report after each run
would then find a false difference in 5.5 % of studies of 30 runs and 5 looks.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from analysis.results.frame import FAILED, FINISHED, MISSING, PAIR, Results
from analysis.results.wording import counted
from analysis.statistics import looks as spending

OFTEN = 5
"""Number of tests in the example that ``unplanned`` gives."""


@dataclass(frozen=True)
class Look:
    """The position of a comparison of two methods among its planned looks.

    Methods with fewer than two common pairs of setting and seed are unpaired. They are tested once, when all their runs
    have ended.
    """

    looks: int
    """Number of looks that the study plans; 1 if the methods are unpaired."""
    complete: int
    """Number of pairs of runs, by setting and seed, that are now complete in both methods."""
    planned: int
    """Number of pairs that can become complete: the study's pairs without a failed trial."""
    pairs: pd.MultiIndex
    """The pairs (``PAIR``) behind the claims; none before the first look."""
    apart: bool = False
    """Whether the methods are unpaired.

    ``complete`` then counts their ended trials, failed trials too, and ``planned`` all their trials. ``pairs`` is
    empty.
    """

    @classmethod
    def of(cls, results: Results, method: str, base: str) -> "Look | None":
        """The look at two of the results' methods; ``None`` if the study plans none.

        ``results`` must include collapsed runs: without these runs the plan would change.
        """
        looks = results.about.looks
        if looks is None:
            return None
        trials = results.trials[results.trials["method"].isin([method, base])]
        pairs = _pairs(trials)
        if len(pairs) < 2:
            over = int((trials["status"] != MISSING).sum())
            return cls(1, over, len(trials), pd.MultiIndex.from_tuples([], names=PAIR), apart=True)
        ended, planned = _ended(trials, pairs), int((~pairs["failed"]).sum())
        look = cls(looks, len(ended), planned, ended[:0])
        return cls(looks, len(ended), planned, ended[: look.counts[look.reached - 1]]) if look.reached else look

    @cached_property
    def counts(self) -> tuple[int, ...]:
        """Number of pairs that each look waits for."""
        return tuple(math.ceil(look * self.planned / self.looks) for look in range(1, self.looks + 1))

    @property
    def reached(self) -> int:
        """Number of the last look that was reached, 0 before the first."""
        return sum(count <= self.complete for count in self.counts) if self.planned else 0

    @property
    def last(self) -> bool:
        """Whether the last planned look is reached, with all runs."""
        return self.reached == self.looks

    @property
    def fractions(self) -> tuple[float, ...]:
        """Information fractions of the looks so far. With few pairs two looks may coincide. Such looks count once."""
        return tuple(count / self.planned for count in dict.fromkeys(self.counts[: self.reached]))

    @property
    def level(self) -> float | None:
        """The two-sided level of a test of the runs in ``pairs``: a p at or below it is a finding.

        ``None`` before the first look, when nothing is a finding.
        """
        return float(spending.levels(self.fractions)[-1]) if self.reached else None

    def repeated_p(self, p: float) -> float:
        """A repeated p of the runs in ``pairs``; 1 before the first look.

        It can be compared with 5 % and corrected over methods. See ``analysis.statistics.looks.repeated_p``.
        """
        return spending.repeated_p(p, self.fractions) if self.reached else 1.0

    @property
    def sentence(self) -> str:
        """A sentence on the claims that are allowed now, and on the runs behind these claims."""
        if self.apart:
            return (
                "Methods with fewer than two common pairs of setting and seed are tested once, when all their runs "
                "have ended."
            )
        planned = counted(self.looks, "look")
        if not self.planned:
            return f"The study plans {planned}, and the two methods have no pair of runs to look at."
        have = f"complete pairs of runs: {self.complete} of {self.planned}"
        if not self.reached:
            return (
                f"The study plans {planned}; {have}. The first look is at {self.counts[0]} pairs: before "
                "it nothing may be claimed."
            )
        level = f"a claim needs p ≤ {rounded_down(self.level or spending.ALPHA)} before any correction"
        if self.last:
            return f"This is the {'only planned look' if self.looks == 1 else f'last of {planned}'}: {level}."
        return (
            f"This is look {self.reached} of {self.looks}; {have}. Claims are made from the first {len(self.pairs)}, "
            f"and {level}. Later pairs count from the next look on, at {self.counts[self.reached]} pairs."
        )


def unplanned(results: Results) -> str:
    """A caution for an incomplete study without planned looks; else empty."""
    if results.about.looks is not None or not (results.trials["status"] == MISSING).any():
        return ""
    often = spending.chance_of_a_finding(spending.equal(OFTEN), [spending.ALPHA] * OFTEN)
    return (
        "The study is not complete and plans no looks. One test at 5 % finds a false difference in 5 % of studies; "
        f"{OFTEN} tests as the runs end find one in {100 * often:.0f} %. So test once, at the end, or plan looks "
        "before the first run (`looks: 3` in the study)."
    )


def rounded_down(level: float) -> str:
    """A level rounded down to two digits. Rounded up, it would admit a p above the level."""
    digits = 1 - math.floor(math.log10(level))
    return f"{math.floor(level * 10**digits) / 10**digits:.2g}"


def _pairs(trials: pd.DataFrame) -> pd.DataFrame:
    """Pairs (``PAIR``) that two methods share, and whether all their trials finished and any failed.

    ``trials`` has the trials of these methods.
    """
    told = trials.assign(finished=trials["status"] == FINISHED, failed=trials["status"] == FAILED)
    pairs = told.groupby(PAIR, sort=False).agg(
        methods=("method", "nunique"), finished=("finished", "all"), failed=("failed", "any")
    )
    return pairs[pairs["methods"] == 2]


def _ended(trials: pd.DataFrame, pairs: pd.DataFrame) -> pd.MultiIndex:
    """The complete pairs, in order of completion."""
    complete = pairs.index[pairs["finished"]]
    finished = trials[trials["status"] == FINISHED]
    ended = finished.groupby(PAIR, sort=False)["ended"].max() if len(complete) else pairs["finished"]
    order = ended.reindex(complete).sort_values(kind="stable").index
    assert isinstance(order, pd.MultiIndex)
    return order
