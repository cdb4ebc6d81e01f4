"""The report's sections in order. A section is one file here, with its tables, its figures and its words, and one entry
in ``SECTIONS``."""

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass

from analysis.rendering.section import Section
from analysis.results.view import View
from analysis.sections import (
    answer,
    best,
    collapse,
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
    search,
    sensitivity,
    source_zero_shot,
    spread,
    strengths,
    stress,
    summary,
    troubles,
    variance,
    variants,
    worst,
)


@dataclass(frozen=True)
class Entry:
    """A section of the report, the results that have it and the runs that it is made of."""

    make: Callable[[View], Section | None]
    """Makes the section of results, ``None`` where they have nothing for it."""
    _: KW_ONLY
    of_a_search: bool = False
    """Whether the report of a search has it. A search's trials are no sample of settings, but the ones that a sampler
    took to be good: no section on how scores spread."""
    reruns: bool = False
    """Whether it takes reruns with one seed into account. To the others a rerun is the same run once more."""
    folded: bool = True
    """Whether it is there once more, folded, without the collapsed runs."""


def _fact(make: Callable[[View], Section | None]) -> Entry:
    """A section on what was run, not on what the scores say."""
    return Entry(make, of_a_search=True, reruns=True, folded=False)


SECTIONS = (
    _fact(search.section),
    Entry(answer.section, folded=False),  # it has the collapsed runs as an outcome of their own
    Entry(summary.section),
    Entry(collapse.section, folded=False),
    Entry(spread.section, folded=False),
    Entry(means.section, folded=False),
    Entry(worst.section, folded=False),
    Entry(sensitivity.section, folded=False),
    Entry(best.section, of_a_search=True),
    Entry(languages.section),
    Entry(distributions.section),
    Entry(source_zero_shot.section, of_a_search=True),
    Entry(equal_source.section),
    Entry(strengths.section),
    Entry(stress.section),
    Entry(ladder.section, folded=False),  # it is on what collapses
    Entry(frozen.section),
    Entry(variants.section),
    Entry(variance.section, reruns=True),
    Entry(profiles.section),
    Entry(heatmap.section, of_a_search=True),
    Entry(published.section),
    _fact(penalty.section),
    _fact(troubles.section),
    _fact(design.section),
    _fact(cost.section),
    _fact(provenance.section),
)
"""In the order of the page."""
