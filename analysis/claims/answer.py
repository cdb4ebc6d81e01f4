"""A report's answer as data: all claims, and the cautions that go with them."""

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from analysis.claims import collapse, means, sensitivity, spread
from analysis.claims.claim import LEVEL, Claim, Quantity, Scope
from analysis.results.comparison import Comparison
from analysis.results.view import View

VERSION = 1
"""Of ``answer.json``."""


@dataclass(frozen=True)
class Answer:
    """All claims of a report."""

    study: str
    source: str
    baseline: str
    level: float
    """Level of every test now: 0.05, or that of the planned look."""
    claims: tuple[Claim, ...]

    def of(self, quantity: Quantity, method: str | None = None, scope: Scope | None = None) -> list[Claim]:
        """The claims on a quantity, of one method and in one scope where they are named."""
        return [
            claim
            for claim in self.claims
            if claim.quantity is quantity and method in (None, claim.method) and scope in (None, claim.scope)
        ]

    def claim(self, quantity: Quantity, method: str, scope: Scope) -> Claim | None:
        """The claim on a quantity of a method in a scope; ``None`` where there is none."""
        return next(iter(self.of(quantity, method, scope)), None)

    def to_json(self, sentences: list[str]) -> dict[str, Any]:
        """The content of ``answer.json``; ``sentences`` are those that were made of it."""
        return {
            "version": VERSION,
            "study": self.study,
            "source": self.source,
            "baseline": self.baseline,
            "level": self.level,
            "claims": [claim.to_json() for claim in self.claims],
            "sentences": sentences,
        }


@lru_cache(maxsize=4)
def answer(view: View) -> Answer:
    """The claims of a view: every method against its baseline."""
    found: dict[str, Comparison] = view.comparisons
    level = LEVEL
    compared = {method: comparison for method, comparison in found.items() if comparison.runs > 1}
    made = (
        *collapse.claims(found, level),
        *spread.claims(compared, level),
        *means.claims(compared, level),
        *sensitivity.claims(compared, view.results.varied, level),
    )
    return Answer(view.results.about.name, view.results.source, view.baseline, level, made)


def dumped(found: Answer, sentences: list[str]) -> str:
    """The text of ``answer.json``."""
    return json.dumps(found.to_json(sentences), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
