"""``steadytune fisher`` on the shipped text and a cut of the shipped data."""

from pathlib import Path

import pandas as pd
import pytest

from harness import embedded
from harness.cli.main import main
from tests.helpers.command_line import short_study
from tests.helpers.own_data import written


def test_fisher_writes_distances_and_their_correlation_with_a_study_s_scores(
    study_file: Path, cut: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    study_file.write_text(short_study(cut).replace("[de]", "[de, es, fr, hi]"), encoding="utf-8")
    store = ["--store", str(tmp_path / "store"), "--local"]
    command = ["fisher", str(study_file), *store, "--examples", "3", "--text", "task", "--text", "embedded"]
    assert main(command) == 0
    out = capsys.readouterr().out
    assert "Fisher information: 9 to compute (en, de, es, fr, hi)" in out
    assert "embedded: without fr, as text: " in out
    assert "No correlations" in out
    folder = tmp_path / "store" / "reports" / "mine" / "fisher"
    assert str(folder / "fisher.html") in out
    distances = pd.read_csv(folder / "tables" / "distances-task.csv", index_col=0)
    assert list(distances.columns) == list(distances.index)
    assert set(distances.columns) == {"en", "de", "es", "fr", "hi"}
    assert main(["run", str(study_file), *store, "--no-report"]) == 0
    capsys.readouterr()
    monkeypatch.setattr("harness.fisher.diagonal_files.diagonal", None)  # any new computation would fail
    assert main(command) == 0
    out = capsys.readouterr().out
    assert "Fisher information" not in out.split("report:")[0].split("\n\n")[0]
    correlations = pd.read_csv(folder / "tables" / "correlations.csv")
    assert correlations["n"].tolist() == [4, 3]
    assert "The rows are not over the same languages." in out
    assert {"distances-task.svg", "distances-embedded.svg"} <= {file.name for file in (folder / "figures").iterdir()}


def test_own_text_of_a_study_with_two_source_languages(study_file: Path, cut: Path, tmp_path: Path) -> None:
    """The source's diagonal is that of the text of both."""
    given = short_study(cut).replace("task: udpos", "task: udpos\nsource: [en, de]").replace("[de]", "[hi]")
    study_file.write_text(given, encoding="utf-8")
    for language in ("en", "de", "hi"):
        lines = (embedded.TEXT / f"{language}.txt").read_text(encoding="utf-8").splitlines()
        written([{"passage": line} for line in lines[:4]], tmp_path / f"{language}.csv")
    command = ["fisher", str(study_file), "--store", str(tmp_path / "store"), "--local", "--examples", "4"]
    assert main([*command, "--text", str(tmp_path / "{language}.csv"), "--column", "passage"]) == 0
    (table,) = (tmp_path / "store" / "reports" / "mine" / "fisher" / "tables").glob("distances-*.csv")
    assert {*pd.read_csv(table, index_col=0)} == {"en+de", "hi"}


def test_a_diagonal_that_takes_too_long_is_named(
    study_file: Path, cut: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study_file.write_text(short_study(cut), encoding="utf-8")
    place = ["--store", str(tmp_path / "store"), "--local", "--examples", "3", "--minutes-per-trial", "1e-4"]
    assert main(["fisher", str(study_file), *place]) == 2
    said = capsys.readouterr().err
    assert said == "steadytune: fisher: a diagonal took longer than --minutes-per-trial 0.0001\n"
