"""The section on means: intervals and tests as of scipy, and what they cannot find."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.rendering.cells import Interval
from analysis.report import Chapter
from analysis.results.view import View
from analysis.sections import means
from tests.helpers.report_rows import (
    CHANCE,
    OTHER,
    Floats,
    arrays,
    cells,
    noted,
    p_of,
    pairs,
    several,
    table_of,
    view,
    words,
)


def flipped_p(differences: Floats) -> float:
    signs = np.array([*itertools.product((1, -1), repeat=len(differences))])
    return float((np.abs((signs * differences).mean(axis=1)) >= abs(differences.mean()) - 1e-12).mean())


def test_means_have_the_intervals_and_tests_of_scipy(seen: View, raw: pd.DataFrame, written: list[Chapter]) -> None:
    section = next(chapter.section for chapter in written if chapter.section.name == "means")
    table = table_of(section, "means")
    for method in (method for method in seen.results.methods if method != "vanilla"):
        _, _, ours, theirs = arrays(raw, method)
        one, other = ours.mean(axis=1), theirs.mean(axis=1)
        row, test = cells(table, method), stats.ttest_rel(one, other)
        ends = test.confidence_interval(0.95)
        assert row["zero-shot − vanilla"] == Interval(
            pytest.approx((one - other).mean()), pytest.approx(ends.low), pytest.approx(ends.high), "+.2f"
        )
        assert p_of(row["p, t"]) == pytest.approx(test.pvalue)
        assert p_of(row["p, Wilcoxon"]) == pytest.approx(stats.wilcoxon(one, other).pvalue)
        assert p_of(row["p, sign flips"]) == pytest.approx(flipped_p(one - other))
        assert not {"over runs and examples", "p, bootstrap"} & set(row)  # there are no predictions
    assert "No multi-bootstrap where not all results are from a store" in words(section)


@pytest.mark.parametrize("runs", [2, 3, 5, 6, 9])
def test_tests_that_cannot_find_anything_are_said_to(runs: int) -> None:
    """Signs of n pairs have 2ⁿ equally likely patterns, two of which are all one way."""
    section = means.section(view(pairs(60 + CHANCE[:runs], 50 + OTHER[:runs])))
    note = f"Wilcoxon of l2(strength=1) can give no p below {2 / 2**runs:.2g} of so few runs"
    assert (note in noted(table_of(section, "means"))) is (runs < 6)
    assert (note.replace("Wilcoxon", "sign flips") in noted(table_of(section, "means"))) is (runs < 6)


def test_several_methods_are_said_to_be_uncorrected() -> None:
    for methods in (1, 2, 4):
        found = noted(table_of(means.section(view(several(*[3.0] * methods))), "means"))
        assert (f"not corrected for the {methods} methods" in found) is (methods > 1)
        assert (f"hold each p against {0.05 / methods:.2g}" in found) is (methods > 1)
