"""Runs and languages that form a complete table, so that every run's mean is over the same languages."""

from dataclasses import dataclass

import pandas as pd

from analysis.results.wording import MAX_NAMED, counted, named

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
    blank: int = 0
    """Number of runs without any score; ``lacking`` does not count them."""

    @classmethod
    def of(cls, scores: pd.DataFrame) -> "Balance":
        """Leave out every language that lacks a score in any run.

        If this would leave out more than half of the languages, the incomplete runs are left out instead, provided that
        more scores then stay. Languages and runs without any score are left out first and not counted in ``lacking``.
        """
        there = scores.notna()
        runs = there.any(axis=1)
        blank = int((~runs).sum())
        there = there.loc[runs, there.any(axis=0)]
        everywhere, whole = there.all(axis=0), there.all(axis=1)
        by_languages, by_runs = len(there) * int(everywhere.sum()), int(whole.sum()) * there.shape[1]
        if everywhere.sum() < SHARE * there.shape[1] and by_runs > by_languages:
            return cls(tuple(map(str, there)), runs & whole.reindex(runs.index, fill_value=False), {}, blank)
        kept, counts = there.columns[everywhere], (~there).sum()
        runs = runs & bool(len(kept))
        return cls(tuple(map(str, kept)), runs, {str(code): int(n) for code, n in counts[counts > 0].items()}, blank)

    def told(self, whose: str, runs: int) -> str:
        """Sentences on the languages or runs left out of ``runs`` runs; empty if none are."""
        count, scored = len(self.languages), runs - self.blank
        if not self.lacking:
            gone = runs - int(self.runs.sum())
            return f"{whose} is without {gone} of {runs} runs, which lack some of {count} languages." if gone else ""
        blank = f" {self.blank} of {runs} runs have no target score." if self.blank else ""
        if not count:
            return f"{whose} is not given: no target language has a score in all of its {scored} runs.{blank}"
        many = f"{len(self.lacking)} languages that some runs lack"
        left = named([f"{code} ({lost} of {scored} runs lack it)" for code, lost in self.lacking.items()], many)
        shown = f" ({', '.join(self.languages)})" if count <= MAX_NAMED else ""
        over = f"the {counted(count, 'target language')}{shown} that all its runs have"
        return f"{whose} is over {over}. Left out: {left}.{blank}"
