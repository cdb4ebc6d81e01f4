"""Helpers that make results of settings × seeds by hand, and find a claim among the claims on them."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from analysis.claims.answer import Answer, answer
from analysis.claims.claim import Claim, Quantity, Scope
from tests.helpers.report_rows import Floats, Rows, run, view

CODES = ("de", "hi", "th", "fr")
CHANCE_LEVEL = 33.0
"""Score of a collapsed run, in points."""
Places = Collection[tuple[int, int]]
"""Settings and seeds, by their numbers."""


def grid(
    scores: Mapping[str, Floats], collapsed: Mapping[str, Places] | None = None, *, own_seeds: bool = False
) -> Rows:
    """The rows of methods with the given target scores (settings × seeds × languages); collapsed runs are at chance.

    Setting i has a learning rate of 1e-5 · 2^i. With ``own_seeds`` no two settings share a seed.
    """
    random = np.random.default_rng(0)
    rows: Rows = []
    for method, found in scores.items():
        gone = set((collapsed or {}).get(method, ()))
        for setting, seed in np.ndindex(found.shape[:2]):
            fallen = (setting, seed) in gone
            source = float(CHANCE_LEVEL if fallen else random.normal(90, 0.5))
            targets = np.full(found.shape[2], CHANCE_LEVEL) if fallen else found[setting, seed]
            rows += run(
                method,
                seed + (100 * setting if own_seeds else 0),
                {"en": source, **dict(zip(CODES, map(float, targets), strict=False))},
                learning_rate=1e-5 * 2**setting,
                collapsed=str(fallen).lower(),
            )
    return rows


def normal(seed: int, settings: int, seeds: int, **stds: float) -> dict[str, Floats]:
    """Independent scores of methods with these standard deviations (settings × seeds × 2 languages)."""
    random = np.random.default_rng(seed)
    return {method: random.normal(60, std, (settings, seeds, 2)) for method, std in stds.items()}


def answered(rows: Rows, **options: Any) -> Answer:
    return answer(view(rows, **options))


def claimed(found: Answer, quantity: Quantity, method: str, scope: Scope = Scope.THESE) -> Claim:
    """The claim on a quantity, which must exist."""
    made = found.claim(quantity, method, scope)
    assert made is not None
    return made


def flat(scores: Floats) -> Floats:
    """The scores as runs × languages, setting by setting."""
    return scores.reshape(-1, scores.shape[2])
