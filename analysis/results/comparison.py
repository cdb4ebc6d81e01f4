"""Two methods on what both have: the runs of the same setting and seed, and in each run the languages that both
scored."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.results.frame import PAIR, RUN, Results
from analysis.statistics.minimum_detectable import MinimumDetectable, minimum_detectable_ratio
from analysis.statistics.std_ratio import StdRatio, std_ratio
from analysis.statistics.swap_test import SwapTest, swap_test

SOURCE, ZERO_SHOT, LANGUAGES = "source", "zero-shot", "languages"


@dataclass(frozen=True)
class SpreadStatistics:
    """How two methods' standard deviations compare."""

    ratio: StdRatio
    test: SwapTest
    minimum_detectable: MinimumDetectable
    other_ratio: StdRatio | None = None
    """With an interval for other settings; ``None`` where every setting has one run, so that ``ratio`` has it."""
    other_test: SwapTest | None = None
    """Likewise."""


@dataclass(frozen=True)
class Comparison:
    """A method beside its baseline. Only runs that are complete in both count, and in each run only the target
    languages that both scored."""

    method: str
    base: str
    source: str
    ours: pd.DataFrame
    """Test scores of the method: a row a run (setting, seed, replicate), a column a language, the source first; NaN
    where either of the two lacks the score."""
    theirs: pd.DataFrame
    """Those of the baseline, shaped as ``ours``."""
    collapsed: pd.DataFrame
    """Whether each run of the method (first column) and of the baseline (second) collapsed on the source; rows as
    those of ``ours``."""
    single: bool = True
    """Whether every run of both is one trial; of ewc a run is one a language."""

    @classmethod
    def of(cls, results: Results, method: str, base: str) -> "Comparison":
        """The match of two of the results' methods."""
        complete = results.runs[results.runs["complete"]]
        here = [pd.MultiIndex.from_frame(complete.loc[complete["method"] == m, PAIR]) for m in (method, base)]
        both = here[1].intersection(here[0], sort=False)
        ours, theirs = (results.of(m).reindex(both) for m in (method, base))
        theirs = theirs.where(ours.notna())
        ours = ours.where(theirs.notna())
        scored = ours[[*results.about.targets]].notna().any(axis=1)  # an ewc model may share no language with the other
        single = bool((results.runs.loc[results.runs["method"].isin([method, base]), "trials"] == 1).all())
        flags = results.runs.set_index(RUN)["collapsed"]
        collapsed = pd.concat([flags.xs(m, level="method").reindex(both) for m in (method, base)], axis=1, keys=[0, 1])
        return cls(method, base, results.source, ours[scored], theirs[scored], collapsed[scored].astype(bool), single)

    @cached_property
    def surviving(self) -> "Comparison":
        """The same on the runs in which neither collapsed."""
        kept = ~self.collapsed.any(axis=1)
        if kept.all():
            return self
        return replace(self, ours=self.ours[kept], theirs=self.theirs[kept], collapsed=self.collapsed[kept])

    def restricted_to(self, pairs: pd.MultiIndex) -> "Comparison":
        """The same match on some of its runs alone, which ``pairs`` (``PAIR``) names."""
        kept = [pair in pairs for pair in self.ours.index]
        return replace(self, ours=self.ours[kept], theirs=self.theirs[kept])

    @property
    def runs(self) -> int:
        """How many runs both have."""
        return len(self.ours)

    @cached_property
    def languages(self) -> list[str]:
        """The target languages that both scored in any run."""
        return sorted(
            str(language) for language in self.ours if language != self.source and self.ours[language].notna().any()
        )

    @cached_property
    def steady_languages(self) -> list[str]:
        """The target languages that both scored in every run: those that a test over languages is over."""
        return [
            str(language)
            for language in self.ours
            if language != self.source and self.runs and self.ours[language].notna().all()
        ]

    @cached_property
    def zero_shot(self) -> "tuple[pd.Series[float], pd.Series[float]]":
        """The zero-shot score of every run, of the method and of the baseline, over the languages that both scored in
        it."""
        ours, theirs = (frame.drop(columns=self.source).mean(axis=1) for frame in (self.ours, self.theirs))
        return ours, theirs

    @cached_property
    def sources(self) -> "tuple[pd.Series[float], pd.Series[float]]":
        """The source's score of every run, of the method and of the baseline."""
        return self.ours[self.source], self.theirs[self.source]

    @cached_property
    def matrices(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Scores of the method and of the baseline, runs × ``steady_languages``."""
        ours, theirs = (frame[self.steady_languages].to_numpy(np.float64) for frame in (self.ours, self.theirs))
        return ours, theirs

    @cached_property
    def spreads(self) -> "dict[str, SpreadStatistics]":
        """How the standard deviations over runs compare: of the ``SOURCE``'s score, of the ``ZERO_SHOT`` score and of
        the ``LANGUAGES``.

        Not of the source's where a run of a method is several trials: their mean varies less than a score.
        """
        return {name: self._spread(*pair) for name, pair in self.pairs.items()}

    @cached_property
    def pairs(self) -> "dict[str, tuple[ArrayLike, ArrayLike]]":
        """The scores that spreads are of, of the method and of the baseline, by name."""
        found: dict[str, tuple[ArrayLike, ArrayLike]] = {ZERO_SHOT: self.zero_shot}
        if self.single:
            found = {SOURCE: self.sources, **found}
        if self.steady_languages:
            found[LANGUAGES] = self.matrices
        return found

    def _spread(self, ours: ArrayLike, theirs: ArrayLike) -> SpreadStatistics:
        found = SpreadStatistics(
            std_ratio(ours, theirs), swap_test(ours, theirs), minimum_detectable_ratio(ours, theirs)
        )
        if self.settings in (1, self.runs):
            return found
        settings = self.ours.index.get_level_values("setting")
        return replace(
            found,
            other_ratio=std_ratio(ours, theirs, settings),
            other_test=swap_test(ours, theirs, settings),
        )

    @property
    def settings(self) -> int:
        """How many settings both have."""
        return int(self.ours.index.get_level_values("setting").nunique())
