"""Differences between the runs of two methods other than the method: device, precision, code, versions, inputs.

Suppose that each method ran on its own machine. A difference between the methods may then come from the machines. The
facts are a trial's origin (``harness.common.origins``), precision and inputs; each fact can change a score.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.results.frame import FINISHED, RUN, Results
from analysis.results.wording import named
from harness.common.origins import facts

MIN_PAIRS = 6
"""Fewest pairs of a restricted comparison: with fewer, neither McNemar's test nor the swap test gives p < 0.05."""
MIN_APART = 0.1
"""A fact counts if at least this share of runs needs another value to make both methods alike in the fact.

With a smaller share, the fact can shift at most a tenth of all scores.
"""
MAX_FACTS, MAX_VALUES = 4, 3
"""Largest numbers of facts in a list, and of values named for a fact."""

Values = Mapping[str, int]
"""Number of runs by the value of a fact."""


@dataclass(frozen=True)
class Difference:
    """A fact in which the runs of two methods differ."""

    fact: str
    """``device``, ``platform``, ``threads``, ``processor``, ``precision``, ``code``, an input, or a package's name."""
    ours: Values
    """Values of the method's complete runs. A run of several trials may have several values, joined by ``+``."""
    theirs: Values
    """Values of the baseline's complete runs."""
    pairs: int
    """Number of pairs of runs, by setting and seed, that differ in the fact."""

    @property
    def full(self) -> bool:
        """Whether the two methods have no value in common."""
        return not self.ours.keys() & self.theirs.keys()

    def shown(self, method: str, base: str) -> str:
        """The fact and its values in words."""
        return f"{self.fact} ({base}: {_listed(self.theirs)}; {method}: {_listed(self.ours)})"


@dataclass(frozen=True)
class Confounding:
    """The facts other than the method that may explain a method's difference from its baseline."""

    method: str
    base: str
    differences: tuple[Difference, ...]
    """At least one difference."""
    pairs: int
    """Number of pairs of runs, by setting and seed, that are complete in both."""
    agreeing: pd.MultiIndex
    """The pairs (``PAIR``) that agree in all facts: the input of ``Comparison.restricted_to``."""

    @property
    def full(self) -> bool:
        """Whether the two methods have no value in common in at least one of the facts."""
        return any(difference.full for difference in self.differences)

    @property
    def restrictable(self) -> bool:
        """Whether enough pairs agree in all facts for a comparison of these pairs alone."""
        return len(self.agreeing) >= MIN_PAIRS

    @property
    def facts(self) -> str:
        """The names of the facts that differ."""
        return _joined([difference.fact for difference in self.differences], "and")

    @property
    def sentence(self) -> str:
        """The facts that differ, and the number of agreeing pairs unless ``full``."""
        either = (
            f"A difference may come from {'this fact' if len(self.differences) == 1 else 'these facts'}, not from the "
            "method."
        )
        if self.full:
            apart = self._shown([difference for difference in self.differences if difference.full], "or")
            partly = [difference for difference in self.differences if not difference.full]
            more = f" They also differ in {self._shown(partly, 'and')}." if partly else ""
            return f"No run of {self.method} has the same {apart} as a run of {self.base}.{more} {either}"
        differ = f"{self.method} and {self.base} differ in {self._shown(self.differences, 'and')}."
        agree = f"{len(self.agreeing)} of {self.pairs} pairs of runs that agree in all of this"
        if self.restrictable:
            return f"{differ} They are compared on the {agree}."
        if not self.pairs:
            return f"{differ} {either}"
        return f"{differ} The {agree} are too few to be compared alone. {either}"

    def _shown(self, differences: Sequence[Difference], word: str) -> str:
        shown = [difference.shown(self.method, self.base) for difference in differences[:MAX_FACTS]]
        rest = len(differences) - len(shown)
        return _joined([*shown, f"{rest} more"] if rest else shown, word)


def confounding(results: Results, method: str, base: str) -> Confounding | None:
    """The confounding of two of the results' methods; ``None`` if there is none, or without provenance, as in a table.

    A fact counts if pairs of runs differ in it. In addition, at least ``MIN_APART`` of the runs must need another value
    to equalise both methods' shares. Only complete runs count. Without pairs only the shares count.
    """
    known = _known(results, method, base)
    if known is None:
        return None
    ours, theirs = (known.xs(name, level="method") for name in (method, base))
    both = theirs.index.intersection(ours.index, sort=False)
    found = {fact: _difference(fact, ours[fact], theirs[fact], both) for fact in map(str, known)}
    differences = tuple(difference for difference in found.values() if difference is not None)
    if not differences:
        return None
    agrees = np.ones(len(both), bool)
    for difference in differences:
        agrees &= ~_differing(ours[difference.fact], theirs[difference.fact], both)
    agreeing = both[agrees]
    assert isinstance(agreeing, pd.MultiIndex)
    return Confounding(method, base, differences, len(both), agreeing)


def _difference(
    fact: str, ours: "pd.Series[str]", theirs: "pd.Series[str]", both: "pd.Index[Any]"
) -> Difference | None:
    """The difference in a fact; ``None`` if the fact does not count."""
    mine, its = Counter(ours), Counter(theirs)
    shares = ((mine[value] / len(ours), its[value] / len(theirs)) for value in mine | its)
    apart = sum(abs(one - other) for one, other in shares) / 2  # total variation distance
    pairs = int(_differing(ours, theirs, both).sum())
    return Difference(fact, mine, its, pairs) if apart >= MIN_APART and (pairs or not len(both)) else None


def _differing(ours: "pd.Series[str]", theirs: "pd.Series[str]", both: "pd.Index[Any]") -> NDArray[np.bool_]:
    """Whether each common pair differs."""
    return np.asarray(ours.loc[both].to_numpy(object) != theirs.loc[both].to_numpy(object), bool)


ABSENT = "none"
"""The value of a fact that a run does not have, such as the sampling of several sources in a run with one source."""


def _known(results: Results, method: str, base: str) -> pd.DataFrame | None:
    """The facts (columns) of every complete run (``RUN``) of two methods; ``None`` unless both have provenance."""
    trials = results.trials
    if "provenance" not in trials:
        return None
    complete = pd.MultiIndex.from_frame(results.runs.loc[results.runs["complete"], RUN])
    here = trials["method"].isin([method, base]) & (trials["status"] == FINISHED)
    found = trials[here & pd.MultiIndex.from_frame(trials[RUN]).isin(complete)]
    found = found[found["provenance"].notna()]
    if {*found["method"]} != {method, base}:
        return None
    origins = facts(list(found["provenance"]))
    rows = [
        origin | {"precision": precision} | inputs
        for origin, precision, inputs in zip(origins, found["precision"], found["inputs"], strict=True)
    ]
    names = dict.fromkeys(name for row in rows for name in row)
    rows = [{name: row.get(name, ABSENT) for name in names} for row in rows]
    of_trials = pd.DataFrame(rows, index=pd.MultiIndex.from_frame(found[RUN]))
    return of_trials.groupby(level=RUN, sort=False).agg(_of_run)


def _of_run(values: "pd.Series[str]") -> str:
    return " + ".join(sorted({*values}))


def _joined(names: Sequence[str], word: str) -> str:
    *first, last = names
    return f"{', '.join(first)} {word} {last}" if first else last


def _listed(values: Values) -> str:
    """Values with their numbers of runs, the most frequent first."""
    ordered: Sequence[str] = sorted(values, key=lambda value: -values[value])
    shown = [f"{value} in {values[value]}" if len(values) > 1 else value for value in ordered]
    return named(shown, f"{len(values)} values", most=MAX_VALUES)
