"""Tables of the Fréchet distances between languages, and of their correlation with zero-shot scores (the paper's Table
5)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from analysis.rendering.cells import MISSING_CELL, Cell, Coefficient, Number, Score
from analysis.rendering.table import Table
from analysis.statistics.correlation import LEVEL, RESAMPLES, pearson, spearman

OF_D = (
    "d is the square root of Eq. 3: the Fréchet distance between two languages' Fisher diagonals, each divided by "
    "its trace. It is 0 if the two are the same, and 1 if no parameter has Fisher information in both."
)
TABLE_5 = (
    "For mBERT with Wikipedia's text, the paper's Table 5 has XNLI −0.677, WikiANN −0.248, UDPOS 0.190 and PAWS-X "
    "−0.541. With XNLI's text it has −0.814, −0.811, −0.305 and −0.953. The paper does not name the coefficient."
)


@dataclass(frozen=True)
class Corpus:
    """The distances between languages' Fisher diagonals on one corpus."""

    label: str
    file: str
    """The corpus in file names."""
    source: str
    matrix: pd.DataFrame
    """d, language × language."""

    @cached_property
    def from_source(self) -> "pd.Series[float]":
        """d between the source and every other language, by language."""
        return self.matrix[self.source].drop(self.source)

    def scored(self, scores: "Scores") -> list[str]:
        """The languages with both a distance from the source and a score."""
        return [language for language in self.from_source.index if language in scores.means.index]


@dataclass(frozen=True)
class Scores:
    """Target languages' test scores of one method, or the reason for their absence."""

    by_language: dict[str, Score] = field(default_factory=dict)
    """Mean and std over runs."""
    method: str = ""
    metric: str = ""
    """The metric in words."""
    notes: Sequence[str] = ()
    """Sentences on the runs behind the scores."""
    lacking: str = ""
    """A sentence that says why there are no scores; else empty."""

    @cached_property
    def means(self) -> "pd.Series[float]":
        """The mean score of every language with a score."""
        return pd.Series({language: score.mean for language, score in self.by_language.items()}, dtype=float).dropna()


def matrix(corpus: Corpus) -> Table:
    """d between every two languages."""
    rows: list[list[str | Cell]] = [[str(language), *map(Number, row)] for language, row in corpus.matrix.iterrows()]
    title = f"Fréchet distances between languages, {corpus.label}"
    return Table(f"distances-{corpus.file}", title, ["language", *corpus.matrix.columns], rows, [OF_D])


def languages(corpora: Sequence[Corpus], scores: Scores, targets: Sequence[str]) -> Table:
    """Every language's distance from the source on every corpus, and its score; the study's targets first."""
    source = corpora[0].source
    measured = dict.fromkeys(language for corpus in corpora for language in corpus.from_source.index)
    rows: list[list[str | Cell]] = []
    for language in dict.fromkeys([*targets, *measured]):
        found: list[str | Cell] = [Number(corpus.from_source.get(language, math.nan)) for corpus in corpora]
        rows.append([language, *found] + ([] if scores.lacking else [scores.by_language.get(language, MISSING_CELL)]))
    header = ["language", *(f"d, {corpus.label}" for corpus in corpora)] + (
        [] if scores.lacking else [f"{scores.method}, {scores.metric}"]
    )
    title = f"Distance from {source}" + ("" if scores.lacking else " and score") + " per language"
    return Table("languages", title, header, rows, [OF_D, *scores.notes, *filter(None, [scores.lacking])])


def correlations(corpora: Sequence[Corpus], scores: Scores, encoder: str) -> Table:
    """The paper's Table 5: the correlation over target languages of distance from the source and mean score, by
    corpus."""
    rows: list[list[str | Cell]] = []
    notes = [
        OF_D,
        *scores.notes,
        f"In brackets is the {100 * LEVEL:.0f} % percentile bootstrap interval over the n target languages. It "
        "shows how far the coefficient moves when languages are drawn from these n. It says nothing about whether "
        "other languages are like them.",
    ]
    for corpus in corpora:
        found = [of(corpus.from_source, scores.means) for of in (pearson, spearman)]
        first = found[0]  # both coefficients have the same languages, and are undefined in the same resamples
        if first.undefined:
            notes.append(
                f"{corpus.label}: each interval leaves out {first.undefined} of {RESAMPLES} resamples, because all "
                "languages had the same distance or the same score there."
            )
        if first.reason:
            notes.append(
                f"{corpus.label}: no {'correlation' if math.isnan(first.value) else 'interval'}, as {first.reason}."
            )
        rows.append([corpus.label, *map(Coefficient, found), str(first.n)])
    if len({frozenset(corpus.scored(scores)) for corpus in corpora}) > 1:
        notes.append("The rows are not over the same languages.")
    of_this = any(name in encoder.lower() for name in ("bert-base-multilingual", "mbert"))
    notes.append(TABLE_5 if of_this else f"{TABLE_5} This study's encoder, {encoder}, is another.")
    title = f"Correlation of the distance from {corpora[0].source} with the {scores.metric} of target languages"
    return Table("correlations", title, ["corpus", "Pearson", "Spearman", "n"], rows, notes)
