"""The report's sections in order. A section is one file here, with its tables, its figures and its words, and one entry
below."""

from collections.abc import Callable

from analysis.rendering.section import Section
from analysis.results.view import View
from analysis.sections import (
    answer,
    best,
    cost,
    design,
    distributions,
    equal_source,
    frozen,
    heatmap,
    ladder,
    languages,
    means,
    penalty,
    profiles,
    provenance,
    published,
    source_zero_shot,
    spread,
    strengths,
    stress,
    summary,
    troubles,
    variance,
    variants,
)

Maker = Callable[[View], Section | None]
"""Makes a section of results, ``None`` where they have nothing for it."""

FINDINGS: tuple[Maker, ...] = (
    answer.section,
    summary.section,
    spread.section,
    means.section,
    best.section,
    languages.section,
    distributions.section,
    source_zero_shot.section,
    equal_source.section,
    strengths.section,
    stress.section,
    ladder.section,
    frozen.section,
    variants.section,
    variance.section,
    profiles.section,
    heatmap.section,
    published.section,
)
"""What the scores say: shown with and without collapsed runs."""
OF_SEARCHES: tuple[Maker, ...] = (best.section, source_zero_shot.section, heatmap.section)
"""Findings of a search. Its trials are no sample of settings, but what a sampler took to be good: it has none on how
scores spread."""
OF_RERUNS: tuple[Maker, ...] = (variance.section,)
"""Findings that take reruns with one seed into account. To the others a rerun is no further run, but the same once
more."""
OF_COLLAPSES: tuple[Maker, ...] = (ladder.section,)
"""Findings on what collapses, which would say nothing without the collapsed runs."""
FACTS: tuple[Maker, ...] = (
    penalty.section,
    troubles.section,
    design.section,
    cost.section,
    provenance.section,
)
"""What was run."""
