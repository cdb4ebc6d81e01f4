"""Differences of target scores that the source score does not show.

The section has the rank correlation of source and zero-shot score, and the spread among runs of equal source score.
"""

import math
from dataclasses import dataclass

from analysis.rendering.cells import MISSING_CELL, Cell, Coefficient, Interval
from analysis.rendering.section import Section
from analysis.rendering.table import Table
from analysis.results.balance import Balance
from analysis.results.view import View
from analysis.results.wording import languages_named, named
from analysis.statistics.equal_source import WITHIN, EqualSource, Spread, equal_source

MIN_RUNS = 3
"""Smallest number of complete runs for a method's row."""


@dataclass(frozen=True)
class Compared:
    """A method's comparison, over the runs and target languages that ``Balance`` keeps."""

    languages: tuple[str, ...]
    found: EqualSource
    told: str
    """Sentences on runs and languages left out because scores are missing; otherwise empty."""


def section(view: View) -> Section | None:
    """The section; ``None`` if no method has a row, or if scores are not points (the unit of ``WITHIN``)."""
    found = {method: compared for method in view.results.methods if (compared := _compared(view, method)) is not None}
    if not found or not view.results.measure.points:
        return None
    return Section(
        "equal-source", "Equal source scores, different target scores", [summary(view, found), languages(view, found)]
    )


def _compared(view: View, method: str) -> Compared | None:
    if _several(view, method):
        return None
    results = view.results
    scores = results.of(method).dropna(subset=[results.source])
    balance = Balance.of(scores[[*results.about.targets]])
    kept, codes = scores[balance.runs], [*balance.languages]
    if len(kept) < MIN_RUNS or not codes:
        return None
    found = equal_source(kept[results.source].to_numpy(), kept[codes].to_numpy(), each=False)
    never = [code for code in results.about.targets if not scores[code].notna().any()]
    told = [balance.told(f"The row of {method}", len(scores))]
    if never:
        told.append(
            f"The row of {method} is over {languages_named(codes, results.about.targets)}: it has no score in "
            f"{named(never, f'{len(never)} languages')}."
        )
    return Compared(balance.languages, found, " ".join(filter(None, told)))


def _several(view: View, method: str) -> bool:
    """Whether a run of the method consists of several models. Its source score is then the mean over the models."""
    runs = view.results.runs
    return bool((runs.loc[runs["method"] == method, "trials"] > 1).any())


def summary(view: View, found: dict[str, Compared]) -> Table:
    """One row per method: the rank correlation, and spreads among runs of equal source score.

    The table has the spread of the source score and of the zero-shot score.
    """
    source = view.results.source
    rows: list[list[str | Cell]] = []
    for method, compared in found.items():
        zero_shot = _zero_shot(compared.found)
        rows.append([method, zero_shot[0], cell(compared.found.source), zero_shot[1], *zero_shot[2:]])
    header = [
        "method",
        f"rank correlation of {source} and zero-shot",
        f"spread of {source}",
        "spread of zero-shot",
        "largest difference",
        "pairs",
    ]
    notes = [
        "Spread: the root mean square of the differences within pairs of a method's runs, over √2. A pair is any two "
        f"runs with {source} scores within {WITHIN:g} point of each other. In brackets: a 95 % jackknife interval over "
        "runs.",
        "Rank correlation: Spearman's over all runs, with a 95 % bootstrap interval.",
    ]
    notes += [compared.told for compared in found.values() if compared.told]
    reasons = dict.fromkeys(
        reason
        for compared in found.values()
        for reason in (compared.found.source.reason, compared.found.zero_shot.correlation.reason)
        if reason
    )
    notes += [f"A value or an interval is missing if {reason}." for reason in reasons]
    if left_out := [method for method in view.results.methods if _several(view, method)]:
        methods = named(left_out, f"{len(left_out)} methods")
        notes.append(f"Left out: {methods}. Their runs have several trials, so a run has several {source} scores.")
    return Table("equal-source", f"Runs within {WITHIN:g} point of {source}", header, rows, notes)


def _zero_shot(compared: EqualSource) -> list[str | Cell]:
    against = compared.zero_shot
    spread = against.spread
    largest = MISSING_CELL if math.isnan(spread.largest) else f"{spread.largest:.2f}"
    return [Coefficient(against.correlation), cell(spread), largest, str(spread.pairs)]


def languages(view: View, found: dict[str, Compared]) -> Table:
    """One row per target language, one column per method: the spread among runs of equal source score."""
    columns = [
        {code: cell(against.spread) for code, against in zip(compared.languages, compared.found.targets, strict=True)}
        for compared in found.values()
    ]
    rows: list[list[str | Cell]] = [
        [code, *(column.get(code, MISSING_CELL) for column in columns)] for code in view.results.about.targets
    ]
    notes = [
        f"The spread of each target language over the same pairs of runs, in points. The table above has the "
        f"spread of {view.results.source}."
    ]
    return Table(
        "equal-source-languages", "Spread of each language among these runs", ["language", *found], rows, notes
    )


def cell(spread: Spread) -> str | Cell:
    """A spread with its interval."""
    return MISSING_CELL if math.isnan(spread.value) else Interval(spread.value, spread.low, spread.high)
