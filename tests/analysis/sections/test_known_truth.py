"""The first screen of three tables with a known truth: collapse alone, spread alone, and no difference."""

from pathlib import Path

import pytest

from analysis.results.from_csv import read
from analysis.results.view import View
from analysis.sections.opening import opening
from tests.helpers.csv_studies import Design, Truth, table

L2 = "l2(strength=0.1)"
SHOWN = ("collapses", "is steadier", "is less steady", "scores higher", "scores lower")
"""Words for a shown difference."""


@pytest.mark.parametrize(
    ("vanilla", "method", "headline", "said"),
    [
        (
            Truth(2, collapse=1),
            Truth(2),
            f"{L2} collapses less often, compared with vanilla.",
            "At learning rate 0.000353 and above, vanilla collapsed in all 8 runs, l2(strength=0.1) in none.",
        ),
        (
            Truth(4),
            Truth(1),
            f"{L2} is steadier, compared with vanilla.",
            "No run of either collapsed. Over 32 pairs of runs, l2(strength=0.1) has 0.",
        ),
        (
            Truth(2),
            Truth(2),
            f"{L2} against vanilla: inconclusive; the runs neither show nor rule out a difference.",
            "No run of either collapsed. Over 32 pairs of runs, l2(strength=0.1) has ",
        ),
    ],
    ids=["collapse alone", "spread alone", "no difference"],
)
def test_the_first_screen_says_what_is_true(
    vanilla: Truth, method: Truth, headline: str, said: str, tmp_path: Path
) -> None:
    table(Design(methods={"vanilla": vanilla, L2: method}), seed=1).to_csv(tmp_path / "runs.csv", index=False)
    found = opening(View(read(str(tmp_path / "runs.csv"))))
    assert found is not None
    (verdict,) = found.verdicts
    assert verdict.headline == headline
    assert verdict.text.startswith(said)
    true = [word for word in SHOWN if word in headline]
    assert [word for word in SHOWN if word in verdict.text] == true
