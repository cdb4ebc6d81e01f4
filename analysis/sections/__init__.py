"""The report's sections in order. A section is one file here, with its tables, its figures and its words, and one entry below."""

from collections.abc import Callable

from analysis.section import Section
from analysis.sections import (
    best,
    cost,
    design,
    distributions,
    frozen,
    heatmap,
    languages,
    penalty,
    provenance,
    published,
    source_zero_shot,
    strengths,
    stress,
    summary,
    troubles,
    variants,
)
from analysis.view import View

Maker = Callable[[View], Section | None]
"""Makes a section of results, ``None`` where they have nothing for it."""

FINDINGS: tuple[Maker, ...] = (
    summary.section,
    best.section,
    distributions.section,
    source_zero_shot.section,
    strengths.section,
    stress.section,
    frozen.section,
    variants.section,
    heatmap.section,
    languages.section,
    published.section,
)
"""What the scores say: shown with and without collapsed runs."""
FACTS: tuple[Maker, ...] = (
    penalty.section,
    troubles.section,
    design.section,
    cost.section,
    provenance.section,
)
"""What was run."""
