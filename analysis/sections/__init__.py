"""The report's sections in order.

A section is one file with its tables, figures and words, and one entry in ``SECTIONS``.
"""

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from enum import Enum

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
    next_runs,
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


class Question(Enum):
    """A reader's question, in the order of the page: its anchor and its words."""

    SEARCH = "q-search", "What did the search find?"
    COLLAPSE = "q-collapse", "Does it collapse?"
    SPREAD = "q-steadier", "Is it steadier?"
    MEAN = "q-better", "Is it better?"
    LANGUAGES = "q-languages", "Which languages?"
    HYPERPARAMETER = "q-hyperparameter", "Which hyperparameter?"
    PAPER = "q-paper", "How does it compare with the paper?"
    NEXT = "q-next", "What to run next?"
    DETAILS = "q-details", "Details"

    @property
    def anchor(self) -> str:
        return self.value[0]

    @property
    def words(self) -> str:
        return self.value[1]


@dataclass(frozen=True)
class Entry:
    """A section of the report, with the reports that include the section and the runs that it uses."""

    make: Callable[[View], Section | None]
    """Makes the section from results; ``None`` if the results have no content for the section."""
    question: Question = Question.DETAILS
    """The question under which the section stands."""
    _: KW_ONLY
    of_a_search: bool = False
    """Whether the report of a search has the section.

    A search's trials are no sample of settings: the sampler prefers good settings. The report of a search has no
    section on spread.
    """
    reruns: bool = False
    """Whether the section uses reruns with the same seed. Other sections ignore reruns."""
    twin: bool = True
    """Whether the report repeats the section without the collapsed runs."""
    folded: bool = False
    """Whether the section is folded."""


def _fact(
    make: Callable[[View], Section | None], question: Question = Question.DETAILS, *, folded: bool = True
) -> Entry:
    """A section on the runs themselves, not on their scores."""
    return Entry(make, question, of_a_search=True, reruns=True, twin=False, folded=folded)


Q = Question
SECTIONS = (
    _fact(search.section, Q.SEARCH, folded=False),
    Entry(answer.section, twin=False),  # treats collapse as a separate outcome
    Entry(collapse.section, Q.COLLAPSE, twin=False),
    Entry(ladder.section, Q.COLLAPSE, twin=False, folded=True),  # its subject is collapse
    Entry(spread.section, Q.SPREAD, twin=False),
    Entry(worst.section, Q.SPREAD, twin=False, folded=True),
    Entry(distributions.section, Q.SPREAD, folded=True),
    Entry(means.section, Q.MEAN, twin=False),
    Entry(summary.section, Q.MEAN),
    Entry(best.section, Q.MEAN, of_a_search=True, folded=True),
    Entry(source_zero_shot.section, Q.MEAN, of_a_search=True, folded=True),
    Entry(equal_source.section, Q.MEAN, folded=True),
    Entry(languages.section, Q.LANGUAGES),
    Entry(heatmap.section, Q.LANGUAGES, of_a_search=True, folded=True),
    Entry(sensitivity.section, Q.HYPERPARAMETER, twin=False),
    Entry(stress.section, Q.HYPERPARAMETER),
    Entry(strengths.section, Q.HYPERPARAMETER),
    Entry(frozen.section, Q.HYPERPARAMETER, folded=True),
    Entry(variants.section, Q.HYPERPARAMETER, folded=True),
    Entry(published.section, Q.PAPER),
    Entry(next_runs.section, Q.NEXT, twin=False),
    Entry(variance.section, reruns=True, folded=True),
    Entry(profiles.section, folded=True),
    _fact(penalty.section),
    _fact(troubles.section),
    _fact(design.section),
    _fact(cost.section),
    _fact(provenance.section),
)
"""The sections in the order of the page."""
