"""Runs and languages that form a complete table, so that every run's mean is over the same languages."""

from dataclasses import dataclass

import pandas as pd

from analysis.results.wording import MAX_NAMED, named

SHARE = 0.5
"""If at least this share of the languages has a score in every run, the other languages are left out.

Below this share, incomplete runs may be left out instead.
"""


@dataclass(frozen=True)
class Balance:
    """The complete part of a table of scores (runs × languages) with empty cells."""

    languages: tuple[str, ...]
    """Languages with a score in every kept run."""
    runs: "pd.Series[bool]"
    """Whether each run is kept, by the table's index; all false if no language is kept."""
    lacking: dict[str, int]
    """Number of runs without a score, for each language that is left out."""

    @classmethod
    def of(cls, scores: pd.DataFrame) -> "Balance":
        """Leave out every language that lacks a score in any run.

        If this would leave out more than half of the languages, the incomplete runs are left out instead, provided that
        more scores then stay. Languages and runs without any score are left out first and not counted in ``lacking``.
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
        """A sentence on the languages or runs left out of ``runs`` runs; empty if none are."""
        count = len(self.languages)
        if self.lacking and not count:
            return f"{whose} is not given: no target language has a score in all of its {runs} runs."
        if self.lacking:
            many = f"{len(self.lacking)} languages that some runs lack"
            left = named([f"{code} ({lost} of {runs} runs lack it)" for code, lost in self.lacking.items()], many)
            shown = f" ({', '.join(self.languages)})" if 0 < count <= MAX_NAMED else ""
            return f"{whose} is over the {count} target languages{shown} that all its runs have. Left out: {left}."
        gone = runs - int(self.runs.sum())
        return f"{whose} is without {gone} of {runs} runs, which lack some of {count} languages." if gone else ""
