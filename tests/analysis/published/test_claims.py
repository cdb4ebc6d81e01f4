"""The paper's own claims, judged on its results and on others."""

import pandas as pd
import pytest

from analysis.published import TASKS, ZERO_SHOT
from analysis.published.claims import CLAIMS, CORRELATION
from analysis.published.judging import (
    EQUAL,
    FAILS,
    HOLDS,
    NOT_APPLICABLE,
    judge,
    judge_all,
    plain,
    self_check,
)
from harness.common.errors import UserError
from tests.helpers.published import NAN


def results(*rows: tuple[str, str, float, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["method", "language", "mean", "std"])


def test_the_papers_own_claims() -> None:
    found = self_check()
    assert len(found) == 94
    assert {*found["claim"]} == {claim.id for claim in CLAIMS}
    assert len({claim.id for claim in CLAIMS}) == len(CLAIMS) == 40
    against = found[found["verdict"] != HOLDS]
    close = "the figures before rounding could agree"
    assert [(row.claim, row.task, row.verdict, row.note) for row in against.itertuples()] == [
        ("l2-steadier-by-60-percent", "panx", FAILS, close),
        ("l2-steadier-by-60-percent", "udpos", FAILS, close),
        ("l2-steadier-by-60-percent", "pawsx", FAILS, ""),
        ("distance-wikipedia", "udpos", FAILS, ""),
        ("l2-zero-shot-xlmr-large", "udpos", FAILS, ""),
    ]


def claim_verdicts(frame: pd.DataFrame, task: str, kind: str) -> dict[str, str]:
    return {found.claim.id: found.verdict for found in judge_all(frame, task, kind)}


def test_claims_are_judged_on_other_results() -> None:
    good = results(
        ("vanilla", "zero-shot", 60, 2), ("l2", "zero-shot", 61, 0.5), ("vanilla", "de", 80, 1), ("l2", "de", 80.5, 0.4)
    )
    by = claim_verdicts(good, "panx", "sensitivity")
    assert by["l2-zero-shot-over-settings"] == by["l2-steadier-zero-shot"] == by["l2-steadier-by-60-percent"] == HOLDS
    assert by["vanilla-less-steady-zero-shot"] == by["l2-steadier-source"] == NOT_APPLICABLE, "there is no source"
    good.loc[len(good)] = ["vanilla", "xx", 70.0, 1.0]
    by = {found.claim.id: found for found in judge_all(good, "panx", "sensitivity", source="xx")}
    assert by["vanilla-less-steady-zero-shot"].verdict == HOLDS
    assert (by["vanilla-less-steady-zero-shot"].left, by["vanilla-less-steady-zero-shot"].right) == (2, 1)
    assert by["l2-steadier-source"].note == "there is no std of l2, source"
    assert by["l2-source-over-settings"].note == "the paper makes this claim only about xnli, pawsx"

    bad = results(("vanilla", "zero-shot", 60, 1), ("l2", "zero-shot", 60, 1), ("ewc", "zero-shot", 61, NAN))
    assert {*claim_verdicts(bad, "udpos", "sensitivity").values()} == {EQUAL, FAILS, NOT_APPLICABLE}
    by = claim_verdicts(bad, "udpos", "best")
    assert by["l2-zero-shot"] == EQUAL, "a tie is no lead"
    assert by["ewc-zero-shot"] == by["l2-over-ewc"] == FAILS
    assert by["l2-most-languages-udpos"] == NOT_APPLICABLE


def test_claims_on_every_language_count_them() -> None:
    claims = {claim.id: claim for claim in CLAIMS}
    rows = [("vanilla", code, 50.0, NAN) for code in ("de", "fr", "hi", "ja")]
    rows += [("l2", code, score, NAN) for code, score in (("de", 51.0), ("fr", 49.0), ("hi", 52.0), ("zh", 1.0))]
    found = judge(claims["l2-every-language-xnli"], results(*rows), "xnli")
    assert (found.verdict, found.left, found.right, found.note) == (FAILS, 2, 3, "not in fr")
    assert judge(claims["l2-every-language-panx"], results(*rows), "panx").verdict == HOLDS, "fr is exempt"
    assert judge(claims["l2-most-languages-udpos"], results(*rows), "udpos").verdict == HOLDS
    extreme = claims["l2-extreme-by-10"]
    for gain, verdict in ((10, HOLDS), (9.99, FAILS)):
        assert (
            judge(extreme, results(("vanilla", ZERO_SHOT, 50, NAN), ("l2", ZERO_SHOT, 50 + gain, NAN)), "xnli").verdict
            == verdict
        )
    for r, verdict in ((-0.1, HOLDS), (0.0, EQUAL), (-0.004, EQUAL), (0.1, FAILS)):
        assert judge(claims["distance-xnli"], results((CORRELATION, "xnli", r, NAN)), "panx").verdict == verdict


def test_figures_that_read_the_same_are_equal() -> None:
    claims = {claim.id: claim for claim in CLAIMS}
    pair = results(
        ("vanilla", ZERO_SHOT, 91.9649, NAN), ("l2", ZERO_SHOT, 91.9551, NAN), ("ewc", ZERO_SHOT, 91.9549, NAN)
    )
    assert judge(claims["l2-zero-shot"], pair, "xnli").verdict == EQUAL  # 91.96 and 91.96
    assert judge(claims["ewc-zero-shot"], pair, "xnli").verdict == HOLDS  # 91.95 is below it
    variant = results(*((method, "fr", 70.0, NAN) for method in ("ewc", "ewc(target+en)")))
    assert judge(claims["ewc-with-source-not-above-ewc"], variant, "xnli").verdict == HOLDS, "as good is not better"
    tied = results(
        *(
            (m, c, s, NAN)
            for m, c, s in (("vanilla", "de", 5.0), ("l2", "de", 5.0), ("vanilla", "fr", 5.0), ("l2", "fr", 4.0))
        )
    )
    found = judge(claims["l2-every-language-xnli"], tied, "xnli")
    assert (found.verdict, found.left, found.right, found.note) == (FAILS, 0, 2, "not in fr; equal in de")


def test_languages_that_the_paper_names_are_judged_by_themselves() -> None:
    """Table 8: l2 is above vanilla in most languages, vanilla in hi, ja and ur: two claims."""
    claims = {claim.id: claim for claim in CLAIMS}
    some, most = claims["vanilla-some-languages-udpos"], claims["l2-most-languages-udpos"]
    paper = plain(8)
    assert (
        judge(some, paper, "udpos").verdict,
        judge(some, paper, "udpos").left,
        judge(some, paper, "udpos").right,
    ) == (HOLDS, 3, 3)
    raised = paper.assign(mean=paper["mean"] + 5.0 * ((paper["method"] == "l2") & (paper["language"] == "ja")))
    assert judge(most, raised, "udpos").verdict == HOLDS
    found = judge(some, raised, "udpos")
    assert (found.verdict, found.left, found.right, found.note) == (FAILS, 2, 3, "not in ja")
    without = paper[~paper["language"].isin(["hi", "ja", "ur"])]
    assert (judge(some, without, "udpos").verdict, judge(most, without, "udpos").verdict) == (NOT_APPLICABLE, HOLDS)
    assert judge(some, without, "udpos").note == "there is no hi, ja, ur with the mean of both vanilla and l2"


def test_averages_are_compared_over_the_languages_that_both_have() -> None:
    """Of ewc, whose models may be of one language, the average is that one's."""
    rows = [("vanilla", ZERO_SHOT, 50.0, 2.0), ("vanilla", "de", 70.0, 1.0), ("vanilla", "hi", 30.0, 1.0)]
    rows += [
        ("ewc", ZERO_SHOT, 69.0, 1.0),
        ("ewc", "de", 69.0, 1.0),
        ("l2", ZERO_SHOT, 71.0, 1.0),
        ("l2", "de", 71.0, 1.0),
    ]
    by = {
        found.claim.id: found for kind in ("best", "sensitivity") for found in judge_all(results(*rows), "xnli", kind)
    }
    found = by["ewc-zero-shot"]
    assert (found.verdict, found.left, found.right, found.note) == (
        HOLDS,
        69.0,
        70.0,
        "over the languages that both have: de",
    )
    assert (by["l2-over-ewc"].left, by["l2-over-ewc"].right, by["l2-over-ewc"].note) == (71.0, 69.0, "")
    assert by["l2-steadier-zero-shot"].verdict == NOT_APPLICABLE
    assert by["l2-steadier-zero-shot"].note == "the averages of l2 and vanilla are not over the same languages"


def test_a_claim_says_what_it_compares() -> None:
    """No two claims on one kind of study and task read alike."""
    for task in TASKS:
        said = [(claim.sentence, claim.what, claim.kind, claim.encoder) for claim in CLAIMS if task in claim.tasks]
        assert len({*said}) == len(said)
    what = {claim.id: claim.what for claim in CLAIMS}
    assert what["l2-zero-shot"] == "zero-shot score, points: l2 above vanilla"
    assert what["l2-source-over-settings"] == "source score, points: l2 above vanilla"
    assert what["l2-steadier-zero-shot"] == "std of the zero-shot score, points: l2 below vanilla"
    assert what["l2-steadier-by-60-percent"] == "std of the zero-shot score, points: l2 at most 0.4 times vanilla"
    assert (
        what["vanilla-less-steady-zero-shot"] == "std, points: zero-shot score of vanilla above source score of vanilla"
    )
    assert what["l2-steadier-every-language-xnli"] == "languages: std of l2 below that of vanilla"
    assert what["l2-every-language-pawsx"] == "languages but es, fr: l2 above vanilla"
    assert what["vanilla-some-languages-udpos"] == "languages of hi, ja, ur: vanilla above l2"
    assert what["l2-extreme-by-10"] == "zero-shot score, points: l2 at least 10 points above vanilla"
    assert what["ewc-with-source-not-above-ewc"] == "languages: ewc(target+en) not above ewc"
    assert what["distance-xnli"] == "correlation of the zero-shot score with the distance on xnli: below 0"


def test_results_that_cannot_be_judged_are_refused() -> None:
    with pytest.raises(UserError, match="there is no column std"):
        judge(CLAIMS[0], results().drop(columns="std"), "xnli")
    twice = results(("l2", "en", 1, 1), ("l2", "source", 1, 1))
    with pytest.raises(UserError, match="one row per method and language"):
        judge(CLAIMS[0], twice, "xnli")
    with pytest.raises(UserError, match="a table of results"):
        plain(10, "xnli")
