"""Which planned look at a study has been reached, and the runs that claims are made from now.

A report keeps no memory of earlier ones, and a reader may write it after every run. So claims wait for the next planned
look: they are made from the runs that were the first to be complete in both methods, as many as the last look planned,
however many more there are by now. These runs stay the same until the next look, and so does what may be claimed.
(With all runs so far at the level of the last look, a reader who looks after each run would find a difference that is
not there in 5.5 % of studies of 30 runs and 5 looks.)
"""

import math
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from analysis.results.frame import FAILED, FINISHED, MISSING, PAIR, Results
from analysis.results.wording import counted
from analysis.statistics import looks as spending

OFTEN = 5
"""Looks of the example in the caution on a study that names none."""


@dataclass(frozen=True)
class Look:
    """Where a comparison of two methods stands among its planned looks."""

    looks: int
    """Looks that the study plans."""
    complete: int
    """Pairs of runs, by setting and seed, that are complete in both methods now."""
    planned: int
    """Pairs that can become complete: those of the study, less those with a failed trial."""
    pairs: pd.MultiIndex
    """The pairs (``PAIR``) that claims are made from; none before the first look."""

    @classmethod
    def of(cls, results: Results, method: str, base: str) -> "Look | None":
        """The look at two of the results' methods; ``None`` where the study plans none.

        ``results`` have to be whole: to leave out collapsed runs would change what was planned.
        """
        looks = results.about.looks
        if looks is None:
            return None
        ended, planned = _ended(results.trials, method, base)
        look = cls(looks, len(ended), planned, ended[:0])
        return cls(looks, len(ended), planned, ended[: look.counts[look.reached - 1]]) if look.reached else look

    @cached_property
    def counts(self) -> tuple[int, ...]:
        """How many pairs each look waits for."""
        return tuple(math.ceil(look * self.planned / self.looks) for look in range(1, self.looks + 1))

    @property
    def reached(self) -> int:
        """Number of the last look that was reached, 0 before the first."""
        return sum(count <= self.complete for count in self.counts) if self.planned else 0

    @property
    def last(self) -> bool:
        """Whether it is the last look, with all runs."""
        return self.reached == self.looks

    @property
    def fractions(self) -> tuple[float, ...]:
        """Information fractions of the looks so far. Of so few pairs that two looks fall together they count once."""
        return tuple(count / self.planned for count in dict.fromkeys(self.counts[: self.reached]))

    @property
    def level(self) -> float | None:
        """The two-sided level of a test of the runs in ``pairs``: a p of at most that is a finding. ``None`` before the
        first look, where nothing is."""
        return float(spending.levels(self.fractions)[-1]) if self.reached else None

    def repeated_p(self, p: float) -> float:
        """A p of the runs in ``pairs``, as it may be compared with 5 % and corrected over methods; 1 before the first
        look. See ``analysis.statistics.looks.repeated_p``."""
        return spending.repeated_p(p, self.fractions) if self.reached else 1.0

    @property
    def sentence(self) -> str:
        """The claims that are allowed now, and the runs that they are made from."""
        planned = counted(self.looks, "look")
        if not self.planned:
            return f"The study plans {planned}, and the two methods have no pair of runs to look at."
        have = f"{self.complete} of {self.planned} pairs of runs are complete"
        if not self.reached:
            return (
                f"The study plans {planned}; {have}. The first look is at {self.counts[0]} pairs: before "
                "it nothing may be claimed."
            )
        level = f"a claim needs p ≤ {rounded_down(self.level or spending.ALPHA)} before any correction"
        if self.last:
            return f"This is the last of {planned}: {level}."
        return (
            f"This is look {self.reached} of {self.looks}; {have}. Claims are made from the first {len(self.pairs)}, "
            f"and {level}. Later pairs count from the next look on, at {self.counts[self.reached]} pairs."
        )


def unplanned(results: Results) -> str:
    """A caution for a study that is not complete and plans no looks; else empty."""
    if results.about.looks is not None or not (results.trials["status"] == MISSING).any():
        return ""
    often = spending.chance_of_a_finding(spending.equal(OFTEN), [spending.ALPHA] * OFTEN)
    return (
        "The study is not complete and plans no looks. Tested at 5 % at one time, a difference that is not there is "
        f"found in 5 % of studies; tested {OFTEN} times as the runs end, in {100 * often:.0f} %. So test once, at the "
        "end, or plan looks before the first run (`looks: 3` in the study)."
    )


def rounded_down(level: float) -> str:
    """A level to two digits. Rounded up it would let pass a p that is above it."""
    digits = 1 - math.floor(math.log10(level))
    return f"{math.floor(level * 10**digits) / 10**digits:.2g}"


def _ended(trials: pd.DataFrame, method: str, base: str) -> tuple[pd.MultiIndex, int]:
    """Pairs that are complete in both methods, in the order in which they were, and the number that can become so."""
    here = trials[trials["method"].isin([method, base])]
    here = here.assign(finished=here["status"] == FINISHED, failed=here["status"] == FAILED)
    pairs = here.groupby(PAIR, sort=False).agg(
        methods=("method", "nunique"), finished=("finished", "all"), failed=("failed", "any")
    )
    pairs = pairs[pairs["methods"] == 2]
    complete = pairs.index[pairs["finished"]]
    ended = here[here["finished"]].groupby(PAIR, sort=False)["ended"].max() if len(complete) else pairs["finished"]
    order = ended.reindex(complete).sort_values(kind="stable").index
    assert isinstance(order, pd.MultiIndex)
    return order, int((~pairs["failed"]).sum())
