"""The words of claims on collapse, spread and mean: in full for the answer, briefly for the first screen's verdicts.

Each sentence is built from claims, so that it cannot say more than the claims. A claim has one or two sentences: its
figures, and the verdict on them.
"""

import math
from collections.abc import Sequence

from analysis.claims.answer import Answer
from analysis.claims.claim import Claim, Quantity, Runs, Scope, Verdict
from analysis.claims.collapse import NEVER, baselines
from analysis.results.wording import counted, signed

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
"""Verdicts in words, for a metric of which higher scores are better."""
LOWER_IS_BETTER = {
    Verdict.LOWER: "has the better, lower score",
    Verdict.HIGHER: "has the worse, higher score",
    Verdict.EQUIVALENT: "scores the same",
}
"""Verdicts on the mean score in words, for a metric of which lower scores are better."""
OPEN = "this neither shows nor rules out a difference"
RATIO = "{:.2f}"
ELSEWHERE = {Scope.SEEDS: "other seeds at these settings", Scope.SETTINGS: "other settings"}


def collapse(found: Answer, method: str, *, brief: bool = False, figures: str = "") -> str:
    """How often a method collapses compared with the baseline; empty without a claim.

    If no run of either collapsed, the brief form says so and the full form is empty. ``figures``, if given, takes the
    place of the numbers of collapsed runs.
    """
    claim = found.claim(Quantity.COLLAPSE, method, Scope.THESE)
    if claim is None:
        return ""
    if claim.reason == NEVER:
        return "No run of either collapsed." if brief else ""
    start = f"{figures or _collapsed(claim)}."
    if claim.shown:
        words = f"{method} {words_of(found, claim)} than {claim.baseline} in these runs{_p(claim, brief)}."
        return f"{start} {words} {'' if brief else _collapse_elsewhere(found, claim)}".strip()
    needed = claim.details.get("discordant pairs needed")
    more = f"; {needed} pairs in which one method alone collapses would show a difference" if needed else ""
    return f"{start} {_open(claim, brief)}{more}."


def _collapsed(claim: Claim) -> str:
    """The collapsed runs of both methods, by pairs of runs if there are any."""
    method, base = claim.method, claim.baseline
    if claim.paired:
        return (
            f"Of {counted(claim.n, 'pair')} of runs, {claim.details['only baseline']} collapsed in {base} alone, "
            f"{claim.details['only method']} in {method} alone and {claim.details['both']} in both"
        )
    ours, theirs = claim.details["method"], claim.details["baseline"]
    return (
        f"{base} collapsed in {theirs[0]:.0f} of {theirs[1]:.0f} runs, {method} in {ours[0]:.0f} of {ours[1]:.0f}; "
        "the runs are not paired"
    )


def _collapse_elsewhere(found: Answer, claim: Claim) -> str:
    """Whether a finding also holds at other settings."""
    other = found.claim(Quantity.COLLAPSE, claim.method, Scope.SETTINGS)
    if not claim.paired:
        return "These runs say nothing about other settings."
    if other is None or not other.tested or other.hopeless:
        return "So few settings say nothing about other settings."
    if other.verdict is claim.verdict:
        return f"The same holds for other settings{_p(other)}."
    return f"For other settings, {OPEN}{_p(other)}."


def spread(found: Answer, method: str, *, brief: bool = False) -> str:
    """How a method's standard deviation compares; empty without a claim on it."""
    claim = found.claim(Quantity.SPREAD, method, Scope.THESE)
    if claim is None:
        return ""
    if math.isnan(claim.estimate):
        return f"The spread of {method} is not compared: {claim.reason}."
    size = f"{_size(claim)}."
    if claim.shown:
        words = f"It {words_of(found, claim)} in these runs{_p(claim, brief)}."
        return f"{size} {words} {'' if brief else _elsewhere(found, claim)}".strip()
    if not claim.tested:
        return f"{size} There is no test: {claim.reason}."
    if claim.verdict is Verdict.EQUIVALENT and claim.bounds:
        low, high = claim.bounds
        return f"{size} It {words_of(found, claim)} in these runs, within a ratio of {low:.2f} to {high:.2f}."
    if claim.hopeless:
        least = "" if brief else f": their smallest possible p is {claim.least_corrected:.2g}"
        return f"{size} There are too few runs to show a difference{least}{'' if brief else _many(claim)}."
    return f"{size} {_open(claim, brief)}{_power(found, claim, brief)}."


def _size(claim: Claim) -> str:
    """The ratio of standard deviations, its interval and its runs."""
    languages = claim.details.get("languages")
    where = " of the zero-shot score"
    if languages:
        where = " in 1 target language" if languages == 1 else f" on average over {languages} target languages"
    ratio = f"{_number(claim.estimate, RATIO)} times {claim.baseline}'s standard deviation"
    return f"{_over(claim)}, {claim.method} has {ratio}{where}{_interval(claim, RATIO)}"


def _over(claim: Claim) -> str:
    """The runs of a claim."""
    if not claim.paired:
        return (
            f"Unpaired, over {claim.n} or more runs of each method"
            f"{', without collapsed runs' * (claim.runs is Runs.SURVIVING)}"
        )
    if claim.runs is Runs.SURVIVING:
        return f"Over the {counted(claim.n, 'pair')} of runs in which neither collapsed"
    return f"Over {counted(claim.n, 'pair')} of runs"


def _power(found: Answer, claim: Claim, brief: bool) -> str:
    """The minimum detectable ratio in words; empty if it is undefined."""
    ratio = found.minimum_detectable_ratio(claim) if claim.paired else math.nan
    if math.isnan(ratio):
        return ""
    alone = " if this were the only test" * (claim.tests > 1 and not brief)
    return f"; a ratio of {ratio:.2f} or {1 / ratio:.2f} would show a difference, with 80 % power{alone}"


def _elsewhere(found: Answer, claim: Claim) -> str:
    """Whether a finding in these runs also holds for other seeds and settings."""
    others = [found.claim(claim.quantity, claim.method, scope) for scope in (Scope.SETTINGS, Scope.SEEDS)]
    held = [other for other in others if other is not None and other.verdict is claim.verdict]
    if held:
        return f"The same holds for {_elsewhere_of(held[0])}{_p(held[0])}."
    tested = [other for other in others if other is not None and other.tested and not other.hopeless]
    if tested:
        return f"For {_elsewhere_of(tested[0])}, {OPEN}{_p(tested[0])}."
    reason = next((other.reason for other in others if other is not None and other.reason), "")
    return f"These runs say nothing about other seeds and settings{f': {reason}' if reason else ''}."


def _elsewhere_of(claim: Claim) -> str:
    """The scope of a claim beyond these runs."""
    return ELSEWHERE[claim.scope] + (" at this seed" if claim.details.get("one seed") else "")


def mean(found: Answer, method: str, *, brief: bool = False) -> str:
    """How a method's mean zero-shot score compares, in the scope of ``widest_mean``; empty without a claim."""
    here = found.claim(Quantity.MEAN, method, Scope.THESE)
    if here is None or math.isnan(here.estimate):
        return ""
    unit = "points" if found.measure.points else f"in {found.measure.words}"
    apart = here.paired and here.runs is Runs.SURVIVING
    whose = "Over the pairs in which neither collapsed, its" if apart else "Its"
    start = f"{whose} mean zero-shot score differs by {signed(here.estimate, found.form)} {unit}"
    shown = found.widest_mean(method)
    if shown is None:
        others = [found.claim(Quantity.MEAN, method, scope) for scope in (Scope.SEEDS, Scope.SETTINGS)]
        reason = next((other.reason for other in others if other is not None and other.reason), "")
        return f"{start} in these runs. They say nothing about other runs{f': {reason}' if reason else ''}."
    size, scope = f"{start}{_interval(shown, f'{{:+{found.form}}}')}.", _elsewhere_of(shown)
    if shown.shown:
        return f"{size} It {words_of(found, shown)} for {scope}{_p(shown, brief)}.{_no_wider(found, shown)}"
    if shown.verdict is Verdict.EQUIVALENT and shown.bounds:
        words = f"It {words_of(found, shown)} for {scope}, within {found.measure.within(shown.bounds[1])}"
        return f"{size} {words}.{_no_wider(found, shown)}"
    return f"{size} For {scope}, {OPEN}{_p(shown, brief)}.{_no_wider(found, shown)}"


def _no_wider(found: Answer, claim: Claim) -> str:
    """The reason why a claim on other seeds does not extend to other settings; empty for other claims."""
    wider = found.claim(claim.quantity, claim.method, Scope.SETTINGS)
    if claim.scope is Scope.SETTINGS or wider is None or not wider.reason:
        return ""
    return f" These runs say nothing about other settings: {wider.reason}."


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


def words_of(found: Answer, claim: Claim) -> str:
    """The verdict of a claim in words; empty if its verdict has none."""
    lower = claim.quantity is Quantity.MEAN and found.measure.lower_is_better
    return (LOWER_IS_BETTER if lower else WORDS[claim.quantity]).get(claim.verdict, "")


def _open(claim: Claim, brief: bool) -> str:
    return f"{OPEN[0].upper()}{OPEN[1:]}{_p(claim, brief)}"


def _p(claim: Claim, brief: bool = False) -> str:
    """The corrected p in brackets; the brief form has none."""
    return "" if brief else f" (p = {claim.corrected:.2g}{_many(claim)})"


def _many(claim: Claim) -> str:
    return f", corrected for {claim.tests} methods" if claim.tests > 1 else ""


def _interval(claim: Claim, form: str) -> str:
    """The 95 % interval in brackets; empty without an interval."""
    if math.isnan(claim.low) or math.isnan(claim.high):
        return ""
    return f" (95 % interval {_number(claim.low, form)} to {_number(claim.high, form)})"


def _number(value: float, form: str) -> str:
    if form == RATIO and not 0.01 <= value <= 100:
        return "below 0.01" if value < 0.01 else "over 100"
    return form.format(value).replace("-", "−")
