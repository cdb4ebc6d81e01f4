"""A report's answer as data: all claims with their cautions."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from analysis.claims import collapse, means, sensitivity, spread
from analysis.claims.claim import LEVEL, Claim, Quantity, Scope, Verdict, judged
from analysis.claims.collapse import with_needed
from analysis.claims.contrast import Contrast
from analysis.results.view import View
from harness.tasks.metrics import SIGNED, Measure

VERSION = 1
"""Version of ``answer.json``."""


@dataclass(frozen=True)
class Answer:
    """All claims of a report."""

    study: str
    source: str
    baseline: str
    claims: tuple[Claim, ...]
    contrasts: dict[str, Contrast]
    """By method, the runs behind its claims."""
    measure: Measure
    """The measure of the scores."""
    form: str
    """Format specification of scores, such as ``.2f``."""

    def of(self, quantity: Quantity, method: str | None = None, scope: Scope | None = None) -> list[Claim]:
        """The claims on a quantity, optionally of one method and in one scope."""
        return [
            claim
            for claim in self.claims
            if claim.quantity is quantity and method in (None, claim.method) and scope in (None, claim.scope)
        ]

    def claim(self, quantity: Quantity, method: str, scope: Scope) -> Claim | None:
        """The claim on a quantity of a method in a scope; ``None`` if there is none."""
        return next(iter(self.of(quantity, method, scope)), None)

    def widest_mean(self, method: str) -> Claim | None:
        """The claim on a method's mean for the widest scope with a finding, or else with a test.

        A finding is a difference or an equivalence. ``None`` if no scope beyond these runs has a test.
        """
        claims = [self.claim(Quantity.MEAN, method, scope) for scope in (Scope.SETTINGS, Scope.SEEDS)]
        tested = [claim for claim in claims if claim is not None and claim.tested]
        return next((claim for claim in tested if claim.verdict is not Verdict.OPEN), next(iter(tested), None))

    def minimum_detectable_ratio(self, claim: Claim) -> float:
        """The minimum detectable ratio of a claim on the spread of these runs; NaN when undefined.

        It is computed on demand.
        """
        spreads = self.contrasts[claim.method].comparison.surviving.spreads
        return spreads[claim.of].minimum_detectable.ratio

    def to_json(self, sentences: list[str]) -> dict[str, Any]:
        """The content of ``answer.json``; ``sentences`` are the report's."""
        return {
            "version": VERSION,
            "study": self.study,
            "source": self.source,
            "baseline": self.baseline,
            "level": LEVEL,
            "metric": {
                "words": self.measure.words,
                "unit": self.measure.unit,
                "better": "lower" if self.measure.lower_is_better else "higher",
            },
            "claims": [self._detailed(claim).to_json() for claim in self.claims],
            "sentences": sentences,
        }

    def _detailed(self, claim: Claim) -> Claim:
        """A claim with the figures that are slow to compute."""
        if (claim.quantity, claim.scope) != (Quantity.SPREAD, Scope.THESE) or not claim.tested or not claim.paired:
            return claim
        return replace(
            claim, details={**claim.details, "minimum detectable ratio": self.minimum_detectable_ratio(claim)}
        )


@lru_cache(maxsize=4)
def answer(view: View) -> Answer:
    """The claims of a view: every method against its baseline."""
    contrasts = {method: Contrast.of(view.results, comparison) for method, comparison in view.comparisons.items()}
    made = judged(claim for contrast in contrasts.values() for claim in _claims(contrast, view))
    claims = tuple(with_needed(claim) if claim.quantity is Quantity.COLLAPSE else claim for claim in made)
    return Answer(
        view.results.about.name,
        view.results.source,
        view.baseline,
        claims,
        contrasts,
        view.results.measure,
        view.results.form,
    )


def _claims(contrast: Contrast, view: View) -> Iterator[Claim]:
    """The claims on one method before the correction over methods."""
    comparison, bounds, unit = contrast.comparison, view.equivalence, view.results.measure.unit
    found = collapse.claims(comparison)
    if comparison.runs > 1 or comparison.unpaired:
        found += spread.claims(comparison, bounds.ratio)
        found += means.claims(comparison, view.same_mean, unit, signed=view.results.metric in SIGNED)
        found += sensitivity.claims(comparison, view.results.varied, unit)
    confounded = contrast.confounding.facts if contrast.confounding is not None and not contrast.restricted else ""
    for claim in found:
        yield replace(
            claim, p=contrast.repeated(claim.p), least_p=contrast.repeated(claim.least_p), confounded=confounded
        )


def dumped(found: Answer, sentences: list[str]) -> str:
    """The text of ``answer.json``."""
    return json.dumps(found.to_json(sentences), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
