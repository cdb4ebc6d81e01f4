"""``steadytune compare`` for a user."""

import json
from pathlib import Path

import pytest

from tests.helpers.report_files import call, check_page


@pytest.mark.parametrize(
    ("arguments", "compared"),
    [
        ("compare good.csv others.csv", False),
        ("compare synthetic synthetic --store store --other-store other", True),
    ],
)
def test_two_results_side_by_side(
    made: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: str,
    compared: bool,
) -> None:
    monkeypatch.chdir(made)
    assert call(f"{arguments} --out {tmp_path / 'out'}") == 0
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    check_page(page)
    assert (tmp_path / "out" / "tables" / "spread.csv").exists() == compared
    answer = json.loads((tmp_path / "out" / "answer.json").read_text(encoding="utf-8"))
    assert bool(answer["claims"]) == compared
    assert all(claim["method"].partition(": ")[2] == claim["baseline"].partition(": ")[2] for claim in answer["claims"])
    assert ("Nothing is compared: good and others have no method in common." in page) != compared
    assert ("Nothing is compared" in capsys.readouterr().out) != compared


def test_all_methods_of_both_beside_one(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(made)
    for given in ("firm", "others:~firm"):
        assert call(f"compare good.csv others.csv --baseline {given} --out {tmp_path / 'out'}") == 0
        page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
        assert "What is different in the methods of good and others from others: firm?" in page
        assert "others: firm is the baseline, as --baseline says." in page
