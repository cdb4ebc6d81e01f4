"""Advice on the next runs: missing trials, pairs for collapse, runs for the spread and the mean."""

import math
from collections.abc import Iterator

from analysis.claims.answer import Answer, answer
from analysis.claims.claim import Claim, Quantity, Scope, Verdict
from analysis.rendering.cells import MISSING_CELL, Cell, Number
from analysis.rendering.section import Section
from analysis.rendering.table import Table
from analysis.results.frame import FINISHED
from analysis.results.view import View
from analysis.results.wording import counted
from analysis.sections.power_curves import picture

TITLE = "What to run next?"
SEEDS, SETTINGS = 3, 6
"""Smallest number of seeds for a spread interval for other seeds, and of settings for a finding by swaps of settings.

With 6 settings, swaps of whole settings can give a p below 0.05: 2 / 2⁶ = 0.03.
"""


def section(view: View) -> Section | None:
    """The section; ``None`` if there is no content for it."""
    found = answer(view) if view.results.runs["complete"].any() else None
    told = [*_missing(view), *(_design(view) if found is not None and found.claims else ())]
    tables = [] if found is None else [*filter(None, [_open(found)])]
    parts = [*told, *tables, *filter(None, [picture(view)])]
    return Section("next-runs", TITLE, parts) if parts else None


def _missing(view: View) -> Iterator[str]:
    running = view.results.running
    lacking = int((view.results.trials["status"] != FINISHED).sum()) - running
    if running:
        yield f"{counted(running, 'trial')} {'runs' if running == 1 else 'run'} now: write the report again later."
    if lacking:
        verb = "has" if lacking == 1 else "have"
        yield f"{counted(lacking, 'trial')} failed or {verb} not run: run the study again first."


def _design(view: View) -> Iterator[str]:
    """Sentences on claims for which the baseline has too few settings or seeds."""
    runs = view.results.runs
    here = runs[(runs["method"] == view.baseline) & runs["complete"]]
    settings, seeds = here["setting"].nunique(), here["seed"].nunique()
    if seeds < SEEDS:
        yield (
            f"There {'is' if seeds == 1 else 'are'} {counted(seeds, 'seed')}. With {SEEDS} or more that all "
            "settings share, the spread has an interval for other seeds."
        )
    if settings < SETTINGS:
        yield (
            f"There {'is' if settings == 1 else 'are'} {counted(settings, 'setting')}: with {SETTINGS} or more, claims "
            "for other settings can be shown."
        )


def _open(found: Answer) -> Table | None:
    """Claims that are not shown, and the smallest effect that these runs would show; ``None`` if no claim is open."""
    rows: list[list[str | Cell]] = []
    for method in found.contrasts:
        claims = [
            found.claim(Quantity.COLLAPSE, method, Scope.THESE),
            found.claim(Quantity.SPREAD, method, Scope.THESE),
            found.claim(Quantity.MEAN, method, Scope.SETTINGS),
        ]
        rows += [_row(found, claim) for claim in claims if claim is not None and claim.verdict is Verdict.OPEN]
    if not rows:
        return None
    header = ["method", "not shown", "now", "these runs would show", "what would help"]
    terms = {"these runs would show": "minimum detectable ratio"}
    return Table("next-runs", "What is still open", header, rows, [], terms=terms)


def _row(found: Answer, claim: Claim) -> list[str | Cell]:
    if claim.quantity is Quantity.COLLAPSE:
        needed = claim.details.get("discordant pairs needed")
        now = f"{claim.details['only baseline']} : {claim.details['only method']}" if claim.paired else MISSING_CELL
        show = f"{needed} : 0 pairs of runs" if needed else MISSING_CELL
        return [claim.method, "collapse", now, show, "more seeds where runs collapse"]
    if claim.quantity is Quantity.SPREAD:
        ratio = found.minimum_detectable_ratio(claim) if claim.paired else math.nan
        least = MISSING_CELL if math.isnan(ratio) else f"below {ratio:.2f} or above {1 / ratio:.2f} times"
        return [claim.method, "spread", Number(claim.estimate, ".2f"), least, "more seeds at each setting"]
    points = claim.details.get("minimum detectable difference", math.nan)
    least = MISSING_CELL
    if not math.isnan(points):
        least = f"{points:.1f} points" if found.measure.points else found.measure.within(float(f"{points:.2g}"))
    return [claim.method, "mean score", Number(claim.estimate, f"+{found.form}"), least, "more settings"]
