"""The first screen's verdict on each method: a headline, and the claims in brief."""

from dataclasses import dataclass

import pandas as pd

from analysis.claims import sentences
from analysis.claims.answer import Answer
from analysis.claims.claim import Claim, Quantity, Scope
from analysis.results.comparison import Comparison


@dataclass(frozen=True)
class Told:
    """The verdict on a method."""

    method: str
    headline: str
    text: str
    shown: bool
    """Whether the headline has a finding."""


def told(found: Answer, method: str, varied: pd.DataFrame) -> Told:
    """The verdict on a method; ``varied`` holds the hyperparameters that differ between settings, by setting label."""
    claims = main_claims(found, method)
    place = where_collapsed(found.contrasts[method].comparison, varied)
    text = (
        sentences.collapse(found, method, brief=True, figures=place),
        sentences.spread(found, method, brief=True),
        sentences.mean(found, method, brief=True),
        "One pair of runs has no spread." if {*claims} == {Quantity.COLLAPSE} else "",
    )
    shown = any(sentences.words_of(found, claim) for claim in claims.values())
    return Told(method, headline(method, claims, found), " ".join(filter(None, text)), shown)


def main_claims(found: Answer, method: str) -> dict[Quantity, Claim]:
    """The claims on collapse, spread and mean that the first screen shows.

    Collapse and spread are for these runs. The mean is for the widest scope with a finding, or else with a test.
    """
    made = {q: found.claim(q, method, Scope.THESE) for q in (Quantity.COLLAPSE, Quantity.SPREAD, Quantity.MEAN)}
    if (wider := found.widest_mean(method)) is not None:
        made[Quantity.MEAN] = wider
    return {quantity: claim for quantity, claim in made.items() if claim is not None}


def headline(method: str, claims: dict[Quantity, Claim], found: Answer) -> str:
    """All shown differences of a method in a few words. If there are none, the headline says so."""
    words = [*filter(None, (sentences.words_of(found, claim) for claim in claims.values()))]
    base = found.contrasts[method].comparison.base
    if not words and Quantity.SPREAD not in claims:
        return f"{method}: too few runs at the settings and seeds of {base} to compare."
    if not words:
        return f"{method} against {base}: inconclusive; the runs neither show nor rule out a difference."
    *first, last = words
    return f"{method} {' and '.join(filter(None, [', '.join(first), last]))}, compared with {base}."


def where_collapsed(comparison: Comparison, varied: pd.DataFrame) -> str:
    """A sentence on the collapsed runs of both methods at high values of a hyperparameter.

    An example is ``At learning rate 0.006, vanilla collapsed in both runs, l2 in neither``. The sentence is about the
    first numeric hyperparameter without a collapse at its smallest value. It counts the runs at the smallest value with
    a collapse and at all larger values. Without such a hyperparameter it counts all runs. It is empty if the runs are
    unpaired or none collapsed.
    """
    flags = comparison.collapsed
    if comparison.unpaired or not flags.to_numpy(bool).any():
        return ""
    switches = [name for name in varied if varied[name].map(lambda value: isinstance(value, bool)).any()]
    numbers = varied.drop(columns=switches).apply(pd.to_numeric, errors="coerce")
    for name in numbers:
        values = pd.Series(numbers[name].reindex(flags.index.get_level_values("setting")).to_numpy(), flags.index)
        if values.isna().any():
            continue
        first = float(values[flags.any(axis=1)].min())
        if first <= values.min():
            continue
        word = str(name).removeprefix("setting.").replace("_", " ")
        place = f"At {word} {first:g}," if first == values.max() else f"At {word} {first:g} and above,"
        return f"{place} {_collapsed(comparison, flags[values >= first])}"
    return _collapsed(comparison, flags)


def _collapsed(comparison: Comparison, flags: pd.DataFrame) -> str:
    """The collapsed runs of both methods among some pairs of runs."""
    runs = len(flags)
    ours, theirs = (int(flags.iloc[:, column].sum()) for column in (0, 1))
    return f"{comparison.base} collapsed in {_of(theirs, runs)}, {comparison.method} in {_of(ours, runs, short=True)}"


def _of(count: int, runs: int, *, short: bool = False) -> str:
    """A count out of a number of runs, in everyday words."""
    if count == runs == 1:
        return "its run"
    if count == runs:
        return "both runs" if runs == 2 else f"all {runs} runs"
    if count == 0:
        return {1: "none", 2: "neither"}.get(runs, "none") if short else {2: "neither run"}.get(runs, "no run")
    return f"{count} of {runs} runs"
