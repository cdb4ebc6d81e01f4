"""Whether a method is better than the baseline: differences of means over runs and test examples, and the simple paired
tests."""

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.stats import t as student

from analysis.rendering.cells import MISSING_CELL, Cell, Interval, Number
from analysis.rendering.section import Section
from analysis.rendering.table import Table
from analysis.results.comparison import Comparison
from analysis.results.view import View
from analysis.results.wording import named
from analysis.sections.spread import probability
from analysis.statistics.minimum_detectable import minimum_detectable_difference
from analysis.statistics.multi_bootstrap import TRUSTED_EXAMPLES, TRUSTED_RUNS, Difference
from analysis.statistics.paired import SAME, PairedTest, paired_tests

TITLE = "Is it better?"
LEVEL = 0.05
BOOTSTRAPPED = ("over runs and examples", "p, bootstrap")
"""Columns of the multi-bootstrap, which are left out where there is none."""
OVER_RUNS = (
    "Points of the zero-shot score, over the runs that both methods have, paired by setting and seed, with Student's "
    "95 % interval over runs: it takes the test sets as given."
)
OVER_EXAMPLES = (
    "Over runs and examples: the multi-bootstrap's interval (Sellam et al., 2022), also over the test examples of each "
    f"language. It covers what it says from {TRUSTED_RUNS} runs and {TRUSTED_EXAMPLES} examples on."
)
MINIMUM_DETECTABLE = (
    "Minimum detectable difference: the difference in points that the t test finds at 5 % with 80 % power, with as "
    "many runs that differ as much; the other tests over runs find about as much where their p can be below 0.05."
)
INDEPENDENT = (
    "Runs count as independent: of few settings with many seeds each, both intervals are too narrow for other settings."
)


def section(view: View) -> Section | None:
    """Where a method and its baseline have at least two runs in common."""
    found = {method: comparison for method, comparison in view.comparisons.items() if comparison.runs > 1}
    if not found:
        return Section("means", TITLE, [view.no_baseline]) if view.no_baseline else None
    parts: list[str | Table] = [table(view, found)]
    bootstraps = {method: view.multi_bootstraps[method] for method in found}
    parts += [
        f"No multi-bootstrap {why}." for why in dict.fromkeys(made.lacking for made in bootstraps.values()) if why
    ]
    if by_language := {method: made.languages for method, made in bootstraps.items() if made.languages}:
        parts.append(languages(view, by_language))
    return Section("means", TITLE, [*parts, *filter(None, [view.no_baseline])])


def table(view: View, found: Mapping[str, Comparison]) -> Table:
    """A row a method: the difference of the zero-shot score from the baseline's, its intervals and tests."""
    tests = {method: paired_tests(*comparison.zero_shot) for method, comparison in found.items()}
    rows = [
        _row(comparison, tests[method], view.multi_bootstraps[method].zero_shot) for method, comparison in found.items()
    ]
    header = [
        "method",
        "runs",
        f"zero-shot − {view.base_name}",
        "over runs and examples",
        "p, t",
        "p, Wilcoxon",
        "p, sign flips",
        "minimum detectable difference",
        "p, bootstrap",
    ]
    bootstrapped = any(made.zero_shot is not None for made in view.multi_bootstraps.values())
    if not bootstrapped:
        kept = [i for i, head in enumerate(header) if head not in BOOTSTRAPPED]
        header, rows = [header[i] for i in kept], [[row[i] for i in kept] for row in rows]
    notes = [
        OVER_RUNS,
        *([OVER_EXAMPLES] if bootstrapped else []),
        MINIMUM_DETECTABLE,
        *_without_power(tests),
        INDEPENDENT,
        *_uncorrected(len(found)),
        *_warnings(made.zero_shot for method, made in view.multi_bootstraps.items() if method in found),
    ]
    return Table("means", "Differences of zero-shot scores", header, rows, notes)


def _row(comparison: Comparison, tests: Sequence[PairedTest], bootstrap: Difference | None) -> list[str | Cell]:
    ours, theirs = comparison.zero_shot
    return [
        comparison.method,
        str(comparison.runs),
        t_interval(ours - theirs),
        MISSING_CELL if bootstrap is None else cell(bootstrap),
        *(probability(test.p) for test in tests),
        Number(minimum_detectable_difference(ours - theirs), ".2f"),
        probability(math.nan if bootstrap is None else bootstrap.p),
    ]


def _without_power(tests: Mapping[str, Sequence[PairedTest]]) -> list[str]:
    """Which tests can find nothing, of which methods."""
    least: dict[tuple[str, float], list[str]] = {}
    for method, of_method in tests.items():
        for test in of_method:
            if test.least_p > LEVEL:  # not where there is none
                least.setdefault((test.name, test.least_p), []).append(method)
    return [
        f"{name} of {named(methods, f'{len(methods)} methods')} can give no p below {p:.2g} of so few runs: that it is "
        f"not below {LEVEL:g} says nothing."
        for (name, p), methods in least.items()
    ]


def _uncorrected(methods: int) -> list[str]:
    """What a reader has to know of the p of several methods."""
    if methods < 2:
        return []
    return [
        f"Every p and interval is for itself, not corrected for the {methods} methods: for all of them together at 5 "
        f"%, hold each p against {LEVEL / methods:.2g} (Bonferroni)."
    ]


def _warnings(found: Iterable[Difference | None]) -> list[str]:
    """Those of some differences, each once, as sentences."""
    warnings = dict.fromkeys(warning for one in found if one is not None for warning in one.warnings)
    return [f"{warning[0].upper()}{warning[1:]}." for warning in warnings]


def t_interval(differences: "pd.Series[float]") -> Interval:
    """Mean difference with Student's 95 % interval, where the differences have a spread to measure it by."""
    count, mean = len(differences), float(differences.mean())
    if count and np.ptp(differences) <= SAME * abs(mean):
        return Interval(mean, math.nan, math.nan, "+.2f")
    half = float(student.ppf(0.975, count - 1) * differences.std(ddof=1) / math.sqrt(count)) if count > 1 else math.nan
    return Interval(mean, mean - half, mean + half, "+.2f")


def cell(found: Difference) -> str | Cell:
    """A difference with its interval."""
    return MISSING_CELL if math.isnan(found.difference) else Interval(found.difference, found.low, found.high, "+.2f")


def languages(view: View, found: Mapping[str, Mapping[str, Difference]]) -> Table:
    """A row a language: the difference from the baseline with its multi-bootstrap interval, a column a method."""
    codes = [code for code in view.results.about.targets if any(code in by for by in found.values())]
    rows: list[list[str | Cell]] = [
        [code, *(cell(by[code]) if code in by else MISSING_CELL for by in found.values())] for code in codes
    ]
    notes = [
        "Points, with 95 % multi-bootstrap intervals over runs and the language's test examples; not corrected for "
        "their number.",
        *(note for note in _warnings(one for by in found.values() for one in by.values()) if "bootstrap p" not in note),
    ]
    return Table("means-languages", f"Differences from {view.base_name} by language", ["language", *found], rows, notes)
