"""The first screen's verdict on each method: a headline and three sentences, made from its claims."""

import math
from dataclasses import dataclass

import pandas as pd

from analysis.claims.answer import Answer
from analysis.claims.claim import Claim, Quantity, Runs, Scope, Verdict
from analysis.claims.collapse import NEVER
from analysis.results.comparison import Comparison
from analysis.results.wording import counted, points, signed

SCOPES = {Scope.THESE: "in these runs", Scope.SEEDS: "for other seeds", Scope.SETTINGS: "for other settings too"}
WORDS = {
    Quantity.COLLAPSE: {Verdict.LOWER: "collapses less often", Verdict.HIGHER: "collapses more often"},
    Quantity.SPREAD: {
        Verdict.LOWER: "is steadier",
        Verdict.HIGHER: "is less steady",
        Verdict.EQUIVALENT: "is as steady",
    },
    Quantity.MEAN: {
        Verdict.LOWER: "scores lower",
        Verdict.HIGHER: "scores higher",
        Verdict.EQUIVALENT: "scores the same",
    },
}
"""Verdicts of claims, in the words of a headline."""


@dataclass(frozen=True)
class Told:
    """The verdict on a method."""

    method: str
    headline: str
    text: str


def told(found: Answer, method: str, varied: pd.DataFrame) -> Told:
    """The verdict on a method; ``varied`` holds the hyperparameters that differ between settings, by setting label."""
    claims = main_claims(found, method)
    words = (_collapse(claims, found, method, varied), _spread(claims, found), _mean(claims))
    return Told(method, headline(method, claims, found), " ".join(filter(None, words)))


def main_claims(found: Answer, method: str) -> dict[Quantity, Claim]:
    """The claims on collapse, spread and mean that the first screen shows.

    Collapse and spread are for these runs. The mean is for the widest scope with a finding, or else with a test.
    """
    made = {q: found.claim(q, method, Scope.THESE) for q in (Quantity.COLLAPSE, Quantity.SPREAD, Quantity.MEAN)}
    if (wider := found.widest_mean(method)) is not None:
        made[Quantity.MEAN] = wider
    return {quantity: claim for quantity, claim in made.items() if claim is not None}


def headline(method: str, claims: dict[Quantity, Claim], found: Answer) -> str:
    """All shown differences of a method in a few words; says so if there are none."""
    words = [WORDS[q][claim.verdict] for q, claim in claims.items() if claim.verdict in WORDS[q]]
    base = found.contrasts[method].comparison.base
    if not words and Quantity.SPREAD not in claims:
        return f"{method}: too few runs at the settings and seeds of {base} to compare."
    if not words:
        return f"{method}: no difference from {base} is shown, and none is ruled out."
    *first, last = words
    return f"{method} {' and '.join(filter(None, [', '.join(first), last]))}, compared with {base}."


def _collapse(claims: dict[Quantity, Claim], found: Answer, method: str, varied: pd.DataFrame) -> str:
    """Numbers of collapsed runs of the two methods, their settings, and whether they show a difference."""
    claim = claims.get(Quantity.COLLAPSE)
    if claim is None:
        return ""
    if claim.reason == NEVER:
        return "No run of either collapsed."
    facts = ""
    if claim.paired:
        facts = where_collapsed(found.contrasts[method].comparison, varied)
    if not facts:
        ours, theirs = claim.details["method"], claim.details["baseline"]
        facts = (
            f"{claim.baseline} collapsed in {theirs[0]:.0f} of {theirs[1]:.0f} runs, "
            f"{method} in {ours[0]:.0f} of {ours[1]:.0f}"
        )
    if claim.shown:
        return f"{facts}: the difference is shown {SCOPES[Scope.THESE]}."
    needed = claim.details.get("discordant pairs needed")
    why = f" ({needed} pairs of runs in which one alone collapses would)" if needed else ""
    return f"{facts}: this does not show a difference{why}."


def where_collapsed(comparison: Comparison, varied: pd.DataFrame) -> str:
    """The collapsed runs of both methods, from the smallest value of a hyperparameter at which any collapsed.

    An example is ``At learning rate 0.006 vanilla collapsed in both runs, l2 in neither``. Empty if runs collapsed at
    the smallest value of every hyperparameter.
    """
    flags = comparison.collapsed
    numbers = varied.apply(pd.to_numeric, errors="coerce")
    for name in numbers:
        values = pd.Series(numbers[name].reindex(flags.index.get_level_values("setting")).to_numpy(), flags.index)
        if values.isna().any():
            continue
        hit = values[flags.any(axis=1)]
        first = float(hit.min())
        if first <= values.min():
            continue
        here = flags[values >= first]
        ours, theirs = int(here.iloc[:, 0].sum()), int(here.iloc[:, 1].sum())
        word = str(name).removeprefix("setting.").replace("_", " ")
        place = f"At {word} {first:g}" if first == values.max() else f"At {word} {first:g} and above"
        base = _of(theirs, len(here))
        return (
            f"{place} {comparison.base} collapsed in {base}, {comparison.method} in {_of(ours, len(here), short=True)}"
        )
    return ""


def _of(count: int, runs: int, *, short: bool = False) -> str:
    """A count out of a number of runs, in everyday words."""
    if count == runs == 1:
        return "its run"
    if count == runs:
        return "both runs" if runs == 2 else f"all {runs} runs"
    if count == 0:
        return {1: "none", 2: "neither"}.get(runs, "none") if short else {2: "neither run"}.get(runs, "no run")
    return f"{count} of {runs} runs"


def _spread(claims: dict[Quantity, Claim], found: Answer) -> str:
    claim = claims.get(Quantity.SPREAD)
    if claim is None:
        return "They have one run in common, and one run has no spread." if Quantity.COLLAPSE in claims else ""
    if math.isnan(claim.estimate):
        return f"Its spread is not compared: {claim.reason}."
    count = claim.details.get("languages")
    what = "standard deviation" if count else "zero-shot score's standard deviation"
    several = f" on average over {count} languages" if count and count > 1 else ""
    size = f"{_over(claim)} its {what} is {claim.estimate:.2f} times {claim.baseline}'s{several}{_ends(claim, '.2f')}"
    if not claim.tested:
        return f"{size}; there is no test: {claim.reason}."
    if claim.shown:
        return f"{size}: the difference is shown {SCOPES[Scope.THESE]}."
    if claim.verdict is Verdict.EQUIVALENT and claim.bounds:
        low, high = claim.bounds
        return f"{size}: it is equivalent, within {low:.2f} to {high:.2f} times."
    if claim.hopeless:
        return f"{size}; so few runs can show no difference."
    ratio = found.minimum_detectable_ratio(claim) if claim.paired else math.nan
    least = "" if math.isnan(ratio) else f" (so many runs would at {ratio:.2f} or {1 / ratio:.2f} times)"
    return f"{size}: this does not show a difference{least}."


def _over(claim: Claim) -> str:
    survived = claim.runs is Runs.SURVIVING
    if not claim.paired:
        return "Over the runs that survived" if survived else "Over all runs"
    which = "in which both survived" if survived else "of one setting and seed"
    return f"Over the {counted(claim.n, 'pair')} of runs {which}"


def _mean(claims: dict[Quantity, Claim]) -> str:
    claim = claims.get(Quantity.MEAN)
    if claim is None or math.isnan(claim.estimate):
        return ""
    size = f"Mean zero-shot scores differ by {signed(claim.estimate)} points"
    if not claim.tested:
        return f"{size} {SCOPES[Scope.THESE]}; of other runs they say nothing."
    size += _ends(claim, "+.2f")
    scope = SCOPES[claim.scope]
    if claim.shown:
        return f"{size}: the difference is shown {scope}."
    if claim.verdict is Verdict.EQUIVALENT and claim.bounds:
        return f"{size}: they are equivalent {scope}, within {points(claim.bounds[1])}."
    return f"{size}: this does not show a difference {scope.removesuffix(' too')}."


def _ends(claim: Claim, form: str) -> str:
    if math.isnan(claim.low) or math.isnan(claim.high):
        return ""
    return f" ({format(claim.low, form)} to {format(claim.high, form)})".replace("-", "−")
