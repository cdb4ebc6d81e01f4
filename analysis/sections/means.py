"""Differences of mean zero-shot scores from the baseline's, with intervals for other seeds and settings."""

import math
from collections.abc import Iterable, Mapping, Sequence

from analysis.claims.answer import Answer, answer
from analysis.claims.claim import Claim, Quantity, Runs, Scope
from analysis.rendering.cells import MISSING_CELL, Cell, Interval, Number
from analysis.rendering.section import Section
from analysis.rendering.table import Table
from analysis.results.view import View
from analysis.sections.spread import probability
from analysis.statistics.multi_bootstrap import Difference
from harness.tasks.metrics import Measure

TITLE = "Is it better?"
SURVIVING = "Pairs in which either run collapsed are left out. The difference over all runs has no test."
ONE_SEED = "All runs have one seed: claims on other settings hold for this seed only."
TERMS = {
    "other seeds": "other seeds",
    "other settings too": "other settings too",
    "Holm": "Holm's correction",
    "minimum detectable difference": "minimum detectable difference",
    "over examples too": "multi-bootstrap",
}


def _what(measure: Measure, claims: Sequence[Claim]) -> str:
    """A note on the differences."""
    over = {
        True: "A pair is two runs of one setting and seed",
        False: "Unpaired methods are compared by their means at common settings, counted in the column pairs",
    }
    kinds = ". ".join(over[paired] for paired in over if any(claim.paired is paired for claim in claims))
    of = "Points of the zero-shot score" if measure.points else f"The zero-shot score in {measure.words}"
    better = " Below 0 the method is better." if measure.lower_is_better else ""
    return f"{of}, the method's minus the baseline's. {kinds}.{better}"


def section(view: View) -> Section | None:
    """The section; ``None`` if no method has a claim on its mean.

    If the baseline has no run left because all collapsed, a sentence says so.
    """
    found = answer(view)
    claims = found.of(Quantity.MEAN, scope=Scope.THESE)
    if not claims:
        return Section("means", TITLE, [view.no_baseline]) if view.no_baseline else None
    parts: list[str | Table] = [table(view, found, claims)]
    bootstraps = {claim.method: view.multi_bootstraps[claim.method] for claim in claims}
    parts += [
        f"There is no multi-bootstrap {why}."
        for why in dict.fromkeys(made.lacking for made in bootstraps.values())
        if why
    ]
    if by_language := {method: made.languages for method, made in bootstraps.items() if made.languages}:
        parts.append(languages(view, by_language))
    return Section("means", TITLE, [*parts, *filter(None, [view.no_baseline])])


def table(view: View, found: Answer, claims: Sequence[Claim]) -> Table:
    """One row per method: the difference of mean zero-shot scores, at every scope."""
    here = [*claims]
    surviving = any(claim.runs is Runs.SURVIVING for claim in here)
    bootstraps = {claim.method: view.multi_bootstraps[claim.method].zero_shot for claim in here}
    bootstrapped = any(made is not None for made in bootstraps.values())
    header = ["method", "pairs", f"mean − {view.base_name}"]
    header += ["over all runs"] if surviving else []
    header += ["other seeds", "p, seeds", "other settings too", "p, settings", "p, settings, Holm"]
    header += ["minimum detectable difference", *(["over examples too", "p, bootstrap"] if bootstrapped else [])]
    rows, form = [], found.form
    for claim in here:
        row: list[str | Cell] = [claim.method, str(claim.n), Number(claim.estimate, f"+{form}")]
        row += [_number(claim.details["over all runs"], f"+{form}")] if surviving else []
        row += _scopes(found, claim.method)
        made = bootstraps[claim.method]
        if bootstrapped:
            row += [MISSING_CELL, MISSING_CELL] if made is None else [cell(made), probability(made.p)]
        rows.append(row)
    reasons = dict.fromkeys(claim.reason for claim in found.of(Quantity.MEAN) if claim.reason)
    notes = [
        _what(view.results.measure, claims),
        *([SURVIVING] if surviving else []),
        *([ONE_SEED] if any(claim.details.get("one seed") for claim in found.of(Quantity.MEAN)) else []),
        *([f"No value is given if {'; if '.join(reasons)}."] if reasons else []),
        *filter(None, [" ".join(_warnings(bootstraps.values()))]),
    ]
    terms = {head: term for head, term in TERMS.items() if head in (*header, "Holm")}
    return Table("means", "Differences of mean zero-shot scores", header, rows, notes, terms=terms)


def _scopes(found: Answer, method: str) -> list[str | Cell]:
    seeds, settings = (found.claim(Quantity.MEAN, method, scope) for scope in (Scope.SEEDS, Scope.SETTINGS))
    none = math.nan
    return [
        *([_interval(seeds, found.form), probability(seeds.p)] if seeds else [MISSING_CELL] * 2),
        *(
            [_interval(settings, found.form), probability(settings.p), probability(settings.corrected)]
            if settings
            else [MISSING_CELL] * 3
        ),
        _number(settings.details.get("minimum detectable difference", none) if settings else none, found.form),
    ]


def _interval(claim: Claim, form: str) -> str | Cell:
    return Interval(claim.estimate, claim.low, claim.high, f"+{form}") if claim.tested else MISSING_CELL


def _number(value: float | None, form: str) -> str | Cell:
    return MISSING_CELL if value is None or math.isnan(value) else Number(value, form)


def _warnings(found: Iterable[Difference | None]) -> list[str]:
    """The warnings of some differences as sentences, each once."""
    warnings = dict.fromkeys(warning for one in found if one is not None for warning in one.warnings)
    return [f"{warning[0].upper()}{warning[1:]}." for warning in warnings]


def cell(found: Difference) -> str | Cell:
    """A difference with its interval."""
    return MISSING_CELL if math.isnan(found.difference) else Interval(found.difference, found.low, found.high, "+.2f")


def languages(view: View, found: Mapping[str, Mapping[str, Difference]]) -> Table:
    """One row per language: the differences from the baseline with multi-bootstrap intervals, one column per method."""
    codes = [code for code in view.results.about.targets if any(code in by for by in found.values())]
    rows: list[list[str | Cell]] = [
        [code, *(cell(by[code]) if code in by else MISSING_CELL for by in found.values())] for code in codes
    ]
    notes = [
        "Points, with 95 % multi-bootstrap intervals over runs and the language's test examples; not corrected for "
        "the number of languages.",
        *(note for note in _warnings(one for by in found.values() for one in by.values()) if "bootstrap p" not in note),
    ]
    return Table("means-languages", f"Differences from {view.base_name} by language", ["language", *found], rows, notes)
