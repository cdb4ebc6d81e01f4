"""Frequency of collapse, as a separate outcome: counts, paired differences and exact tests."""

from analysis.claims.answer import Answer, answer
from analysis.claims.claim import Claim, Quantity, Scope
from analysis.claims.collapse import baselines
from analysis.rendering.cells import MISSING_CELL, Cell, Interval, Percent
from analysis.rendering.section import Section
from analysis.rendering.table import Table
from analysis.results.view import View
from analysis.sections.spread import probability

TITLE = "Does it collapse?"
TERMS = {
    "collapsed runs": "share",
    "difference": "difference of shares",
    "p": "McNemar's test",
    "p, settings": "permutation test over settings",
    "Holm": "Holm's correction",
    "pairs needed": "pairs needed",
}
NOTES = {
    True: "A pair is two runs with the same setting and seed. The columns from ‘both’ to ‘neither’ count pairs by the "
    "runs that collapsed.",
    False: "Methods without pairs are compared by Boschloo's exact test, or by Fisher's if they have many runs. The "
    "interval of their difference is Newcombe's for unpaired shares.",
}
"""Notes on paired and on unpaired claims."""


def section(view: View) -> Section | None:
    """The section; ``None`` if no complete run collapsed."""
    runs = view.results.runs
    if not runs.loc[runs["complete"], "collapsed"].any():
        return None
    found = answer(view)
    claims = found.of(Quantity.COLLAPSE, scope=Scope.THESE)
    if not claims:
        counts = runs[runs["complete"]].groupby("method", sort=False)["collapsed"].agg(["sum", "size"])
        told = ", ".join(f"{method} in {row['sum']} of {row['size']} runs" for method, row in counts.iterrows())
        return Section("collapse", TITLE, [f"Collapsed: {told}."])
    return Section("collapse", TITLE, [table(found, claims)])


def table(found: Answer, claims: list[Claim]) -> Table:
    """One row per method: its collapsed runs, and the comparison with the baseline."""
    header = [
        "method",
        "collapsed runs",
        "both",
        "baseline alone",
        "method alone",
        "neither",
        "difference",
        "p",
        "p, Holm",
        "p, settings",
        "p, settings, Holm",
        "pairs needed",
    ]
    rows = [_share(base, figures) for base, figures in baselines(claims).items()]
    rows = [row + [MISSING_CELL] * (len(header) - len(row)) for row in rows]
    rows += [_row(found, claim) for claim in claims]
    notes = [note for paired, note in NOTES.items() if any(claim.paired is paired for claim in claims)]
    return Table("collapse", "Collapsed runs", header, rows, notes, terms=TERMS)


def _share(method: str, figures: list[float]) -> list[str | Cell]:
    count, runs, low, high = figures
    return [method, Percent(100 * count / runs, 100 * low, 100 * high, count=f"{count:.0f}/{runs:.0f}")]


def _row(found: Answer, claim: Claim) -> list[str | Cell]:
    cells: list[str | Cell] = [
        str(claim.details.get(name, MISSING_CELL)) for name in ("both", "only baseline", "only method", "neither")
    ]
    other = found.claim(Quantity.COLLAPSE, claim.method, Scope.SETTINGS)
    return [
        *_share(claim.method, claim.details["method"]),
        *cells,
        Interval(100 * claim.estimate, 100 * claim.low, 100 * claim.high, "+.0f"),
        probability(claim.p),
        probability(claim.corrected),
        *([MISSING_CELL] * 2 if other is None else [probability(other.p), probability(other.corrected)]),
        str(claim.details.get("discordant pairs needed", MISSING_CELL)),
    ]
