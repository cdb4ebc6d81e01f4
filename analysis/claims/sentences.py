"""The sentences of the answer. Each is built from claims, so that it cannot say more than they do."""

import math
from collections.abc import Sequence

from analysis.claims.answer import Answer
from analysis.claims.claim import Claim, Quantity, Runs, Scope, Verdict
from analysis.claims.collapse import NEVER, baselines
from analysis.results.wording import counted, points, signed

OPEN = "neither a difference nor its absence is shown"
STEADIER = {Verdict.LOWER: "steadier", Verdict.HIGHER: "less steady"}
BETTER = {Verdict.LOWER: "lower", Verdict.HIGHER: "higher"}
OFTEN = {Verdict.LOWER: "less often", Verdict.HIGHER: "more often"}
RATIO = "{:.2f}"
ELSEWHERE = {Scope.SEEDS: "other seeds at these settings", Scope.SETTINGS: "other settings"}


def collapse(found: Answer, method: str) -> str:
    """How often a method collapses compared with the baseline; empty if no run of either did."""
    claim = found.claim(Quantity.COLLAPSE, method, Scope.THESE)
    if claim is None or claim.reason == NEVER:
        return ""
    return f"{_collapse_here(claim)} {_collapse_elsewhere(found, claim)}".strip()


def _collapse_here(claim: Claim) -> str:
    method, base = claim.method, claim.baseline
    counts = "they have fewer than 2 runs of the same setting and seed, and all runs are compared unpaired"
    if claim.paired:
        counts = (
            f"of {counted(claim.n, 'pair')} of runs {claim.details['only baseline']} collapsed in {base} alone, "
            f"{claim.details['only method']} in {method} alone and {claim.details['both']} in both"
        )
    if claim.shown:
        return f"{method} collapses {OFTEN[claim.verdict]} than {base}: {counts} ({_p(claim)})."
    needed = claim.details.get("discordant pairs needed")
    more = f"; {needed} pairs in which one method alone collapses would show a difference" if needed else ""
    return f"Whether {method} collapses more or less often than {base} is open: {counts} ({_p(claim)}{more})."


def _collapse_elsewhere(found: Answer, claim: Claim) -> str:
    other = found.claim(Quantity.COLLAPSE, claim.method, Scope.SETTINGS)
    if not claim.shown:
        return ""
    if not claim.paired:
        return "These runs say nothing about other settings."
    if other is None or not other.tested or other.hopeless:
        return "So few settings say nothing about other settings."
    if other.verdict is claim.verdict:
        return f"The same holds at other settings ({_p(other)})."
    return f"At other settings this is open ({_p(other)})."


def spread(found: Answer, method: str) -> str:
    """How a method's standard deviation compares; empty without a claim on it."""
    claim = found.claim(Quantity.SPREAD, method, Scope.THESE)
    if claim is None:
        return ""
    if math.isnan(claim.estimate):
        return f"The spread of {method} is not compared: {claim.reason}."
    size = _size(claim)
    if claim.shown:
        return (
            f"{size}: it is {STEADIER[claim.verdict]} in these runs ({_p(claim)}). {_elsewhere(found, claim)}".strip()
        )
    if not claim.tested:
        return f"{size}. There is no test: {claim.reason}."
    if claim.verdict is Verdict.EQUIVALENT and claim.bounds:
        low, high = claim.bounds
        return f"{size}: in these runs it is as steady, within a ratio of {low:.2f} to {high:.2f}."
    if claim.hopeless:
        least = min(1.0, claim.least_p * claim.tests)
        return f"{size}. So few runs can show nothing: the smallest p that they can give is {least:.2g}{_many(claim)}."
    return f"{size}: {OPEN} ({_p(claim)}){_power(found, claim)}."


def _size(claim: Claim) -> str:
    """The ratio of standard deviations, its interval and its runs."""
    languages = claim.details.get("languages")
    where = " of the zero-shot score"
    if languages:
        where = " in 1 target language" if languages == 1 else f" on average over {languages} target languages"
    ratio = f"{_number(claim.estimate, RATIO)} times {claim.baseline}'s standard deviation"
    return f"{_over(claim)}, {claim.method} has {ratio}{where}{_interval(claim.low, claim.high, RATIO)}"


def _over(claim: Claim) -> str:
    """The runs of a claim."""
    if not claim.paired:
        return (
            f"Unpaired, over {claim.n} runs or more of each{' that did not collapse' * (claim.runs is Runs.SURVIVING)}"
        )
    if claim.runs is Runs.SURVIVING:
        return f"Over the {counted(claim.n, 'pair')} of runs in which neither collapsed"
    return f"Over {counted(claim.n, 'pair')} of runs"


def _power(found: Answer, claim: Claim) -> str:
    ratio = found.minimum_detectable_ratio(claim) if claim.paired else math.nan
    if math.isnan(ratio):
        return ""
    alone = " and no other test" if claim.tests > 1 else ""
    return f". With 80 % power{alone} so many runs show a ratio of {ratio:.2f} or its inverse {1 / ratio:.2f}"


def _elsewhere(found: Answer, claim: Claim) -> str:
    """Whether a finding in these runs also holds for other seeds and settings."""
    others = [found.claim(claim.quantity, claim.method, scope) for scope in (Scope.SETTINGS, Scope.SEEDS)]
    held = [other for other in others if other is not None and other.verdict is claim.verdict]
    if held:
        return f"The same holds for {_elsewhere_of(held[0])} ({_p(held[0])})."
    tested = [other for other in others if other is not None and other.tested and not other.hopeless]
    if tested:
        return f"For {_elsewhere_of(tested[0])} this is open ({_p(tested[0])})."
    reason = next((other.reason for other in others if other is not None and other.reason), "")
    return f"These runs say nothing about other seeds and settings{f': {reason}' if reason else ''}."


def _elsewhere_of(claim: Claim) -> str:
    """The scope of a claim beyond these runs."""
    return ELSEWHERE[claim.scope] + (" at this seed" if claim.details.get("one seed") else "")


def mean(found: Answer, method: str) -> str:
    """How a method's mean zero-shot score compares, for the widest scope with a test."""
    here = found.claim(Quantity.MEAN, method, Scope.THESE)
    if here is None or math.isnan(here.estimate):
        return ""
    others = [found.claim(Quantity.MEAN, method, scope) for scope in (Scope.SETTINGS, Scope.SEEDS)]
    shown = found.widest_mean(method)
    start = f"Its mean zero-shot score differs by {signed(here.estimate)} points"
    if shown is None:
        reason = next((other.reason for other in reversed(others) if other is not None and other.reason), "")
        return f"{start} in these runs; they say nothing about other runs{f': {reason}' if reason else ''}."
    size = f"{start}{_interval(shown.low, shown.high, '{:+.2f}')}"
    scope = _elsewhere_of(shown)
    if shown.shown:
        return f"{size}: it is {BETTER[shown.verdict]} for {scope} ({_p(shown)})."
    if shown.verdict is Verdict.EQUIVALENT and shown.bounds:
        return f"{size}: for {scope} it is the same within {points(shown.bounds[1])}."
    return f"{size}: for {scope} {OPEN} ({_p(shown)})."


def rates(found: Answer) -> str:
    """The number of collapsed runs of every method, with Wilson intervals; empty if none collapsed."""
    claims = [claim for claim in found.of(Quantity.COLLAPSE, scope=Scope.THESE) if claim.details]
    if not claims or all(claim.reason == NEVER for claim in claims):
        return ""
    told = baselines(claims) | {claim.method: claim.details["method"] for claim in claims}
    return f"Collapse: {'; '.join(_rate(method, figures) for method, figures in told.items())}."


def _rate(method: str, figures: Sequence[float]) -> str:
    count, runs, low, high = figures
    return f"{method} in {count:.0f} of {runs:.0f} runs (95 % interval {100 * low:.0f} to {100 * high:.0f} %)"


def _p(claim: Claim) -> str:
    return f"p = {claim.corrected:.2g}{_many(claim)}"


def _many(claim: Claim) -> str:
    return f", corrected for {claim.tests} methods" if claim.tests > 1 else ""


def _interval(low: float, high: float, form: str) -> str:
    if math.isnan(low) or math.isnan(high):
        return ""
    return f" (95 % interval {_number(low, form)} to {_number(high, form)})"


def _number(value: float, form: str) -> str:
    if form == RATIO and not 0.01 <= value <= 100:
        return "below 0.01" if value < 0.01 else "over 100"
    return form.format(value).replace("-", "−")
