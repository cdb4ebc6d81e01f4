"""The claims on tables from known models."""

import json
import math
from pathlib import Path

import pandas as pd
import pytest
from scipy import stats

from analysis.claims.answer import Answer, answer, dumped
from analysis.claims.claim import Quantity, Runs, Scope, Verdict
from analysis.report import chapters
from analysis.results.from_csv import read
from analysis.results.view import View
from analysis.sections import answer as section
from tests.helpers.claim_rows import claimed
from tests.helpers.report_rows import clean_page, swapped_p, words

CASES = Path(__file__).parents[2] / "data" / "statistics"


def seen(name: str) -> View:
    return View(read(str(CASES / f"{name}.csv"), source="en"))


def told(view: View) -> tuple[Answer, str]:
    """The claims, which must be JSON, and the answer."""
    found, text = answer(view), words(section.section(view))
    json.loads(dumped(found, [text]))
    return found, text


def raw(name: str) -> pd.DataFrame:
    """Scores by setting and seed, with one column per method and language."""
    frame = pd.read_csv(CASES / f"{name}.csv")
    return frame.pivot_table(index=["setting", "seed"], columns=["method", "language"], values="score", sort=False)


def fallen(name: str) -> pd.DataFrame:
    frame = pd.read_csv(CASES / f"{name}.csv")
    return frame.groupby(["setting", "seed", "method"], sort=False)["collapsed"].any().unstack("method")


@pytest.mark.parametrize(("name", "runs"), [("one_of_8", 8), ("one_of_20", 20)])
def test_one_collapsed_run_is_no_finding(name: str, runs: int) -> None:
    found, text = told(seen(name))
    assert not [claim for claim in found.claims if claim.shown]
    assert f"vanilla in 1 of {runs} runs" in text
    assert (
        f"Of {runs} pairs of runs, 1 collapsed in vanilla alone, 0 in l2 alone and 0 in both. This neither shows"
        in text
    )
    claim = claimed(found, Quantity.SPREAD, "l2")
    assert (claim.n, claim.runs, claim.verdict) == (runs - 1, Runs.SURVIVING, Verdict.OPEN)
    assert f"Over the {runs - 1} pairs of runs in which neither collapsed" in text


def test_the_p_with_one_collapse_in_8_uses_the_seven_other_pairs() -> None:
    kept = raw("one_of_8")[~fallen("one_of_8").any(axis=1)]
    ours, theirs = (kept[method].drop(columns="en").to_numpy() for method in ("l2", "vanilla"))
    found, _ = told(seen("one_of_8"))
    assert claimed(found, Quantity.SPREAD, "l2").p == pytest.approx(swapped_p(ours, theirs))


def test_a_baseline_that_always_collapsed_gives_no_spread_verdict() -> None:
    found, text = told(seen("all_vanilla"))
    assert "Of 15 pairs of runs, 15 collapsed in vanilla alone" in text
    assert "l2 collapses less often than vanilla in these runs" in text
    assert "The spread of l2 is not compared: vanilla collapsed in half of the runs or more" in text
    assert "stead" not in text
    assert "easier settings" not in text  # none is left
    assert [claim.quantity for claim in found.claims if claim.shown] == [Quantity.COLLAPSE]


def test_a_baseline_that_always_collapsed_gives_a_complete_page() -> None:
    """Without collapsed runs, no run of the baseline is left."""
    view = seen("all_vanilla")
    clean_page(chapters(view), view)


def test_a_setting_that_collapses_in_both_methods_does_not_hide_other_settings() -> None:
    found, text = told(seen("both_same_setting"))
    claim = claimed(found, Quantity.SPREAD, "l2")
    kept = raw("both_same_setting")[~fallen("both_same_setting").any(axis=1)]
    ours, theirs = (kept[method].drop(columns="en") for method in ("l2", "vanilla"))
    ratio = math.exp((ours.std().apply(math.log) - theirs.std().apply(math.log)).mean())
    assert claim.n == len(kept) == 12
    assert claim.estimate == pytest.approx(ratio)
    assert abs(math.log(claim.estimate)) > 0.2  # and not 1.00 [0.98, 1.02]
    assert "0 collapsed in vanilla alone, 0 in l2 alone and 3 in both" in text
    assert "Pairs in which neither run collapsed come from the easier settings" in text
    assert not [claim for claim in found.claims if claim.shown]


def test_one_bad_seed_is_no_finding() -> None:
    found, text = told(seen("null_one_bad_seed_minus8"))
    assert not [claim for claim in found.claims if claim.shown]
    assert "Collapse" not in text
    assert claimed(found, Quantity.SPREAD, "l2").verdict is Verdict.OPEN


def test_methods_that_share_no_seed_are_compared_unpaired(tmp_path: Path) -> None:
    found, text = told(seen("unpaired_seeds"))
    claim = claimed(found, Quantity.SPREAD, "l2", Scope.THESE)
    assert (claim.paired, claim.n, claim.verdict) == (False, 15, Verdict.OPEN)
    frame = pd.read_csv(CASES / "unpaired_seeds.csv").query("language != 'en'")
    means = frame.groupby(["method", "setting"])["score"].mean().unstack("method")
    test = stats.ttest_rel(means["l2"], means["vanilla"])
    claim = claimed(found, Quantity.MEAN, "l2", Scope.SETTINGS)
    assert (claim.p, claim.estimate) == pytest.approx((test.pvalue, (means["l2"] - means["vanilla"]).mean()))
    assert "Unpaired, over 15 or more runs of each method, l2 has" in text
    assert "l2 (15 runs) and vanilla (15 runs) are unpaired" in text
    frame = pd.read_csv(CASES / "unpaired_seeds.csv")
    first = frame[frame["method"] == "vanilla"].drop_duplicates(["setting", "seed"])[["setting", "seed"]].iloc[:9]
    hit = pd.MultiIndex.from_frame(frame[["setting", "seed"]]).isin(pd.MultiIndex.from_frame(first))
    frame["collapsed"] = hit & (frame["method"] == "vanilla")
    frame.to_csv(tmp_path / "runs.csv", index=False)
    found, text = told(View(read(str(tmp_path / "runs.csv"))))
    claim = claimed(found, Quantity.COLLAPSE, "l2", Scope.THESE)
    assert (claim.paired, claim.verdict) == (False, Verdict.LOWER)
    assert "the runs are not paired. l2 collapses less often than vanilla in these runs" in text
    assert "are unpaired" in text
    assert "stead" not in text
