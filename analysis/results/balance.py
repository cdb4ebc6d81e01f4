"""Runs and languages that form a whole table, so that every run's mean is over the same languages."""

from dataclasses import dataclass

import pandas as pd

from analysis.results.wording import MAX_NAMED, named

SHARE = 0.5
"""Of the languages, that all runs must have for the others to be left out; below it runs may go instead."""


@dataclass(frozen=True)
class Balance:
    """What is left of a table of scores (runs × languages) where cells are empty."""

    languages: tuple[str, ...]
    """The languages that every run left has."""
    runs: "pd.Series[bool]"
    """Which runs are left, by the table's index; none where no language is."""
    lacking: dict[str, int]
    """How many runs lack each language that is left out."""

    @classmethod
    def of(cls, scores: pd.DataFrame) -> "Balance":
        """Leave out the languages that some run lacks; where more than half would go, the runs that lack any, if that
        keeps more scores.

        Languages without any score, and runs without any, are left out first and not told of.
        """
        there = scores.notna()
        runs = there.any(axis=1)
        there = there.loc[runs, there.any(axis=0)]
        everywhere, whole = there.all(axis=0), there.all(axis=1)
        by_languages, by_runs = len(there) * int(everywhere.sum()), int(whole.sum()) * there.shape[1]
        if everywhere.sum() < SHARE * there.shape[1] and by_runs > by_languages:
            return cls(tuple(map(str, there)), runs & whole.reindex(runs.index, fill_value=False), {})
        kept, counts = there.columns[everywhere], (~there).sum()
        runs = runs & bool(len(kept))
        return cls(tuple(map(str, kept)), runs, {str(code): int(n) for code, n in counts[counts > 0].items()})

    def told(self, whose: str, runs: int) -> str:
        """A sentence on the languages or runs that are left out of so many runs; empty where all are in."""
        count = len(self.languages)
        if self.lacking and not count:
            return f"{whose} is not given: no target language has a score in all of its {runs} runs."
        if self.lacking:
            many = f"{len(self.lacking)} languages that some runs lack"
            left = named([f"{code} ({lost} of {runs} runs lack it)" for code, lost in self.lacking.items()], many)
            shown = f" ({', '.join(self.languages)})" if 0 < count <= MAX_NAMED else ""
            return f"{whose} is over the {count} target languages{shown} that all its runs have; left out: {left}."
        gone = runs - int(self.runs.sum())
        return f"{whose} is without {gone} of {runs} runs, which lack some of {count} languages." if gone else ""
