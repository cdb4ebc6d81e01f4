"""Two methods on their common runs (same setting and seed), and the languages that both scored in all of these."""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.results.balance import Balance
from analysis.results.frame import PAIR, RUN, Results
from analysis.results.wording import named
from analysis.statistics.spread.minimum_detectable import MinimumDetectable, minimum_detectable_ratio
from analysis.statistics.spread.std_ratio import StdRatio, std_ratio
from analysis.statistics.spread.swap_test import SwapTest, swap_test
from analysis.statistics.spread.swaps import paired, varies
from harness.common import sources

SOURCE, ZERO_SHOT, LANGUAGES = "source", "zero-shot", "languages"


@dataclass(frozen=True, eq=False)
class SpreadStatistics:
    """Comparison of two methods' standard deviations. Each figure is computed on first use."""

    ours: ArrayLike = field(repr=False)
    """Paired scores, (runs,) or (runs × languages), in points."""
    theirs: ArrayLike = field(repr=False)

    @cached_property
    def ratio(self) -> StdRatio:
        return std_ratio(self.ours, self.theirs)

    @cached_property
    def test(self) -> SwapTest:
        return swap_test(self.ours, self.theirs)

    @cached_property
    def minimum_detectable(self) -> MinimumDetectable:
        """The std ratio that the test is likely to find. It takes longest if power is simulated."""
        return minimum_detectable_ratio(self.ours, self.theirs)


@dataclass(frozen=True)
class Comparison:
    """A method and its baseline, compared on the runs that are complete in both.

    Only target languages that both scored in all of these runs count (``Balance``).
    """

    method: str
    base: str
    source: str
    ours: pd.DataFrame
    """Test scores of the method: one row per run (setting, seed, replicate), one column per language, the source first.

    NaN in languages that are left out. The source's score is NaN if either method lacks it.
    """
    theirs: pd.DataFrame
    """Test scores of the baseline, in the form of ``ours``."""
    collapsed: pd.DataFrame
    """Whether each run of the method (first column) and of the baseline (second) collapsed on the source; rows as in
    ``ours``."""
    single: bool = True
    """Whether every run of both is one trial; an ewc run has one trial per language."""
    apart: tuple[pd.DataFrame, pd.DataFrame] = field(default=(pd.DataFrame(), pd.DataFrame()), repr=False)
    """Complete runs of the method and of the baseline, paired or not; empty for a part of a comparison.

    One row per run and one column per language, the source first. Every target language has a score in all these runs
    of both methods.
    """
    left_out: str = ""
    """A sentence on the languages or runs left out because scores are missing; else empty."""
    apart_collapsed: "tuple[pd.Series[bool], pd.Series[bool]]" = field(
        default=(pd.Series(dtype=bool), pd.Series(dtype=bool)), repr=False
    )
    """Whether each run of ``apart`` collapsed on the source."""

    @classmethod
    def of(cls, results: Results, method: str, base: str) -> "Comparison":
        """The comparison of two methods of the results."""
        complete = results.runs[results.runs["complete"]]
        here = [pd.MultiIndex.from_frame(complete.loc[complete["method"] == m, PAIR]) for m in (method, base)]
        both = here[1].intersection(here[0], sort=False)
        ours, theirs = (results.of(m).reindex(both) for m in (method, base))
        theirs = theirs.where(ours.notna())
        ours = ours.where(theirs.notna())
        scored = ours[[*results.about.targets]].notna().any(axis=1)  # a run of ewc may share no language with its pair
        balance = Balance.of(ours.loc[scored, [*results.about.targets]])
        kept = [results.source, *balance.languages]
        single = bool((results.runs.loc[results.runs["method"].isin([method, base]), "trials"] == 1).all())
        flags = results.runs.set_index(RUN)["collapsed"].astype(bool)
        of = flags.index.get_level_values("method")
        own = [flags[of == m].droplevel("method") for m in (method, base)]  # the baseline may have no run left
        ours, theirs = (side[scored][balance.runs][kept].reindex(columns=side.columns) for side in (ours, theirs))
        collapsed = pd.concat([one.reindex(ours.index) for one in own], axis=1, keys=[0, 1])
        alone = [results.of(m).reindex(runs) for m, runs in zip((method, base), here, strict=True)]
        apart = _apart(alone[0], alone[1], results)
        apart_collapsed = (own[0].reindex(here[0]), own[1].reindex(here[1]))
        left_out = balance.told(f"The comparison of {method} with {base}", len(balance.runs))
        return cls(method, base, results.source, ours, theirs, collapsed, single, apart, left_out, apart_collapsed)

    @cached_property
    def surviving(self) -> "Comparison":
        """The comparison on the runs in which neither method collapsed."""
        return self._only(~self.collapsed.any(axis=1))

    def restricted_to(self, pairs: pd.MultiIndex) -> "Comparison":
        """The comparison on the runs whose keys (``PAIR``) are in ``pairs``."""
        return self._only(pd.Series([pair in pairs for pair in self.ours.index], self.ours.index, dtype=bool))

    def _only(self, kept: "pd.Series[bool]") -> "Comparison":
        if kept.all():
            return self
        return replace(
            self.without_runs, ours=self.ours[kept], theirs=self.theirs[kept], collapsed=self.collapsed[kept]
        )

    @property
    def without_runs(self) -> "Comparison":
        """The comparison on no runs. ``apart`` is empty too, so the comparison is not ``unpaired``."""
        none, flags = self.apart[0][:0], self.apart_collapsed[0][:0]
        return replace(
            self,
            ours=self.ours[:0],
            theirs=self.theirs[:0],
            collapsed=self.collapsed[:0],
            apart=(none, none),
            apart_collapsed=(flags, flags),
        )

    @property
    def runs(self) -> int:
        """Number of paired runs."""
        return len(self.ours)

    @property
    def unpaired(self) -> bool:
        """Whether each method has two or more runs, but fewer than two pair by setting, seed and replicate; see
        ``apart``."""
        return self.runs < 2 and all(len(side) > 1 for side in self.apart)

    @property
    def any_collapsed(self) -> bool:
        """Whether any compared run collapsed on the source."""
        flags = self.apart_collapsed if self.unpaired else (self.collapsed.any(axis=1),)
        return any(bool(one.any()) for one in flags)

    @property
    def apart_surviving(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The runs of ``apart`` that did not collapse."""
        ours, theirs = (
            side[~flags.reindex(side.index).astype(bool)]
            for side, flags in zip(self.apart, self.apart_collapsed, strict=True)
        )
        return ours, theirs

    @cached_property
    def languages(self) -> list[str]:
        """The target languages that both methods scored in every run."""
        return sorted(
            str(language) for language in self.ours if language != self.source and self.ours[language].notna().any()
        )

    @cached_property
    def constant_languages(self) -> list[str]:
        """Languages in which all runs of a method have the same score, so that their spreads cannot be compared."""
        if self.runs < 2 or not self.languages:
            return []
        ours, theirs = paired(*(side[self.languages].to_numpy(np.float64) for side in (self.ours, self.theirs)))
        steady = varies(ours) & varies(theirs)
        return [language for language, fine in zip(self.languages, steady, strict=True) if not fine]

    @cached_property
    def steady_languages(self) -> list[str]:
        """The target languages of a test over languages: all except constant languages, in the tables' order.

        If every language is constant, all are kept, so that the test itself says why it has no p.
        """
        constant = set(self.constant_languages)
        constant = set() if len(constant) == len(self.languages) else constant
        known = set(self.languages) - constant
        return [str(language) for language in self.ours if language in known]

    @cached_property
    def zero_shot(self) -> "tuple[pd.Series[float], pd.Series[float]]":
        """The zero-shot score of every run over ``languages``, of the method and of the baseline."""
        ours, theirs = (frame.drop(columns=self.source).mean(axis=1) for frame in (self.ours, self.theirs))
        return ours, theirs

    @cached_property
    def sources(self) -> "tuple[pd.Series[float], pd.Series[float]]":
        """The source's scores of the method and of the baseline, in the runs with a score in both."""
        return self.ours[self.source].dropna(), self.theirs[self.source].dropna()

    @cached_property
    def matrices(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Scores of the method and of the baseline, runs × ``steady_languages``."""
        ours, theirs = (frame[self.steady_languages].to_numpy(np.float64) for frame in (self.ours, self.theirs))
        return ours, theirs

    @cached_property
    def notes(self) -> list[str]:
        """Sentences on the runs and languages that the comparison leaves out."""
        told = [self.left_out] if self.left_out else []
        if not sources.are_unlike(self.source) and (lost := self.runs - len(self.sources[0])):
            told.append(
                f"{self.method} and {self.base} have a score of the source, {self.source}, in {self.runs - lost} of "
                f"the {self.runs} runs that both have. The spread of the source score is compared over these runs."
            )
        if 0 < len(self.constant_languages) < len(self.languages):
            count = len(self.constant_languages)
            told.append(
                f"The spread of {self.method} is compared with that of {self.base} without "
                f"{named(self.constant_languages, f'{count} languages')}, where all runs of a method have the same "
                "score."
            )
        if self.unpaired:
            ours, theirs = map(len, self.apart)
            told.append(
                f"{self.method} ({ours} runs) and {self.base} ({theirs} runs) are unpaired: they have "
                f"{self.runs or 'no'} run{'' if self.runs == 1 else 's'} of the same setting and seed in common."
            )
        return told

    @cached_property
    def spreads(self) -> "dict[str, SpreadStatistics]":
        """Comparisons of the standard deviations over runs: of ``SOURCE``, ``ZERO_SHOT`` and ``LANGUAGES`` scores.

        The source is absent if a run of a method has several trials: their mean varies less than a single score. It is
        absent too where the two methods have different sources.
        """
        return {name: SpreadStatistics(*pair) for name, pair in self.pairs.items()}

    @cached_property
    def pairs(self) -> "dict[str, tuple[ArrayLike, ArrayLike]]":
        """The scores behind ``spreads``, of the method and of the baseline, by name."""
        found: dict[str, tuple[ArrayLike, ArrayLike]] = {ZERO_SHOT: self.zero_shot}
        if self.single and not sources.are_unlike(self.source):
            found = {SOURCE: self.sources, **found}
        if self.steady_languages:
            found[LANGUAGES] = self.matrices
        return found

    @property
    def settings(self) -> int:
        """Number of settings that both methods have."""
        return int(self.ours.index.get_level_values("setting").nunique())


def _apart(ours: pd.DataFrame, theirs: pd.DataFrame, results: Results) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The complete runs of two methods, with the source and the target languages that all of them have."""
    common = [code for code in results.about.targets if ours[code].notna().any() and theirs[code].notna().any()]
    both = Balance.of(pd.concat([ours, theirs], ignore_index=True)[common])
    kept, split = [results.source, *both.languages], len(ours)
    mine, its = both.runs.to_numpy()[:split], both.runs.to_numpy()[split:]
    return ours.loc[mine, kept], theirs.loc[its, kept]
