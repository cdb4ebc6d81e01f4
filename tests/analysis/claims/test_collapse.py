"""Claims on collapse against scipy's and statsmodels' tests, and their sentences."""

import itertools
import math

import numpy as np
import pytest
from scipy.stats import binomtest, boschloo_exact
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from analysis.claims import sentences
from analysis.claims.answer import Answer
from analysis.claims.claim import Claim, Quantity, Scope, Verdict
from tests.helpers.claim_rows import Places, answered, claimed, grid, normal
from tests.helpers.report_rows import Rows

SETTINGS, SEEDS = 6, 2
VANILLA: Places = [(s, k) for s in range(4) for k in range(2)]
FALLEN: dict[str, Places] = {"vanilla": VANILLA, "a": [(0, 0)], "b": [(0, 1), (5, 0)], "c": VANILLA}
"""Collapsed runs of each method, of 12: vanilla 8, a one of these, b one of these and another, c the same as
vanilla."""


@pytest.fixture(scope="module")
def found() -> Answer:
    return answered(grid(normal(1, SETTINGS, SEEDS, vanilla=1, a=1, b=1, c=1), FALLEN))


def cells(method: str) -> tuple[int, int, int, int]:
    """Number of runs that collapsed in both, only in vanilla, only in the method, and in neither."""
    ours, theirs = set(FALLEN[method]), set(VANILLA)
    return len(ours & theirs), len(theirs - ours), len(ours - theirs), 12 - len(ours | theirs)


def flipped(method: str) -> float:
    """The sign-flip p of the settings' differences in counts, by brute force over all flips."""
    ours, theirs = ([sum(s == i for s, _ in FALLEN[m]) for i in range(SETTINGS)] for m in (method, "vanilla"))
    signs = np.array([*itertools.product((1, -1), repeat=SETTINGS)])
    sums = np.abs(signs @ (np.array(ours) - theirs))
    return float((sums >= sums[0]).mean())


def test_counts_and_tests_equal_those_of_a_paired_table(found: Answer) -> None:
    claims = {method: claimed(found, Quantity.COLLAPSE, method) for method in "abc"}
    for method, claim in claims.items():
        both, theirs, ours, neither = cells(method)
        details = claim.details
        assert [details[name] for name in ("both", "only baseline", "only method", "neither")] == [
            both,
            theirs,
            ours,
            neither,
        ]
        assert claim.estimate == pytest.approx((ours - theirs) / 12)
        assert claim.p == pytest.approx(binomtest(ours, ours + theirs).pvalue if ours + theirs else 1)
        count = both + ours
        wilson = proportion_confint(count, 12, method="wilson")
        assert details["method"] == pytest.approx([count, 12, *wilson])
        assert details["baseline"] == pytest.approx([8, 12, *proportion_confint(8, 12, method="wilson")])
        assert claim.low <= claim.estimate <= claim.high
    corrected = multipletests([claim.p for claim in claims.values()], method="holm")[1]
    assert [claim.corrected for claim in claims.values()] == pytest.approx(corrected)
    assert [claim.verdict for claim in claims.values()] == [Verdict.LOWER, Verdict.OPEN, Verdict.OPEN]
    assert corrected[1] > 0.05 >= corrected[0]


def test_claims_on_other_settings_flip_whole_settings(found: Answer) -> None:
    claims = [claimed(found, Quantity.COLLAPSE, method, Scope.SETTINGS) for method in "abc"]
    assert [claim.p for claim in claims] == pytest.approx([flipped(method) for method in "abc"])
    assert all(math.isnan(claim.low) for claim in claims)
    corrected = multipletests([claim.p for claim in claims], method="holm")[1]
    assert [claim.corrected for claim in claims] == pytest.approx(corrected)
    assert [claim.verdict for claim in claims] == [Verdict.OPEN] * 3


def test_sentences_state_the_collapse_claims(found: Answer) -> None:
    low, high = (round(100 * end) for end in proportion_confint(8, 12, method="wilson"))
    rates = sentences.rates(found)
    assert rates.startswith(f"Collapse: vanilla in 8 of 12 runs (95 % interval {low} to {high} %); a in 1 of 12")
    a, b = (claimed(found, Quantity.COLLAPSE, method) for method in "ab")
    assert sentences.collapse(found, "a") == (
        "Of 12 pairs of runs, 7 collapsed in vanilla alone, 0 in a alone and 1 in both. a collapses less often than "
        f"vanilla in these runs (p = {a.corrected:.2g}, corrected for 3 methods). So few settings say nothing about "
        "other settings."
    )
    needed = b.details["discordant pairs needed"]
    assert 3 * binomtest(0, needed).pvalue <= 0.05 < 3 * binomtest(0, needed - 1).pvalue
    assert sentences.collapse(found, "b") == (
        "Of 12 pairs of runs, 7 collapsed in vanilla alone, 1 in b alone and 1 in both. This neither shows nor rules "
        f"out a difference (p = {b.corrected:.2g}, corrected for 3 methods); {needed} pairs in which one method alone "
        "collapses would show a difference."
    )


@pytest.mark.parametrize(("settings", "verdict"), [(8, Verdict.LOWER), (5, Verdict.OPEN)])
def test_sentences_on_other_settings_follow_the_claims(settings: int, verdict: Verdict) -> None:
    """Vanilla collapses in one seed of each of eight settings, or in both seeds of each of five."""
    fallen = [(s, 0) for s in range(8)] if settings == 8 else [(s, k) for s in range(5) for k in range(2)]
    found = answered(grid(normal(2, settings, 2, vanilla=1, a=1), {"vanilla": fallen}))
    other = claimed(found, Quantity.COLLAPSE, "a", Scope.SETTINGS)
    assert (other.p, other.verdict) == (2 / 2**settings, verdict)
    text = sentences.collapse(found, "a")
    assert "a collapses less often than vanilla" in text
    ending = (
        "The same holds for other settings (p = 0.0078)."
        if settings == 8
        else "So few settings say nothing about other"
    )
    assert ending in text


def test_a_method_that_collapses_more_often_has_the_verdict_higher() -> None:
    found = answered(grid(normal(3, 4, 2, vanilla=1, a=1), {"a": [(s, k) for s in range(4) for k in range(2)]}))
    claim = claimed(found, Quantity.COLLAPSE, "a")
    assert (claim.estimate, claim.verdict) == (1.0, Verdict.HIGHER)
    assert "a collapses more often than vanilla" in sentences.collapse(found, "a")


def test_without_collapsed_runs_the_collapse_claim_is_untested() -> None:
    found = answered(grid(normal(4, 3, 2, vanilla=1, a=1)))
    claim = claimed(found, Quantity.COLLAPSE, "a")
    assert (claim.tested, claim.verdict, claim.reason) == (False, Verdict.UNTESTED, "no run of either collapsed")
    assert sentences.rates(found) == sentences.collapse(found, "a") == ""


def unpaired(fallen: Places) -> Rows:
    """Rows with vanilla at other seeds than the method."""
    scores = normal(5, 3, 4, vanilla=1, a=1)
    later = [{**row, "seed": row["seed"] + 50} for row in grid({"a": scores["a"]})]
    return grid({"vanilla": scores["vanilla"]}, {"vanilla": fallen}) + later


def test_methods_without_a_run_in_common_are_compared_unpaired() -> None:
    fallen = [(s, k) for s in range(3) for k in range(3)]
    found = answered(unpaired(fallen))
    (claim,) = found.of(Quantity.COLLAPSE)
    assert isinstance(claim, Claim)
    assert (claim.quantity, claim.scope, claim.paired, claim.n) == (Quantity.COLLAPSE, Scope.THESE, False, 12)
    assert claim.p == pytest.approx(boschloo_exact([[0, 9], [12, 3]]).pvalue)
    assert claim.estimate == pytest.approx(-9 / 12)
    assert claim.details["baseline"] == pytest.approx([9, 12, *proportion_confint(9, 12, method="wilson")])
    assert sentences.collapse(found, "a") == (
        "vanilla collapsed in 9 of 12 runs, a in 0 of 12; the runs are not paired. a collapses less often than vanilla "
        f"in these runs (p = {claim.p:.2g}). These runs say nothing about other settings."
    )
    assert "vanilla in 9 of 12 runs" in sentences.rates(found)
    assert sentences.spread(found, "a").startswith("The spread of a is not compared: a method collapsed in half")
