"""The results that ship: small, read as any, and the report of them by one command."""

import json
from pathlib import Path

import pytest

from analysis.examples import DEFAULT, example, names
from analysis.results import from_csv
from harness.cli.main import main
from search_spaces import load

MIB = 2**20


@pytest.mark.parametrize("name", names())
def test_an_example_is_a_shipped_study_whole_and_small(name: str) -> None:
    with example(name) as file:
        assert file.stat().st_size <= MIB
        results = from_csv.read(str(file))
    study = load(results.about.name)
    assert name in study.name
    assert set(results.about.targets) <= set(study.targets)
    assert results.methods == [arm.method.arm.label for arm in study.arms]
    assert results.runs["complete"].all()
    assert len(results.trials) <= len([*study.runs()])


@pytest.mark.parametrize("name", [DEFAULT, "udpos", "ladder", "quickstart"])
def test_these_examples_are_whole_studies(name: str) -> None:
    with example(name) as file:
        results = from_csv.read(str(file))
    study = load(results.about.name)
    assert results.about.targets == study.targets
    assert len(results.trials) == len([*study.runs()])


def test_one_command_writes_its_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--example", "--out", str(tmp_path / "out")]) == 0
    assert str(tmp_path / "out" / "report.html") in capsys.readouterr().out
    told = json.loads((tmp_path / "out" / "answer.json").read_text(encoding="utf-8"))
    assert told["study"] == "example/panx"
    assert told["claims"]
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert page.count('class="verdict"') == 5
    assert len(page.encode()) < 3 * MIB


def test_help_names_every_example(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["report", "--help"])
    told = capsys.readouterr().out
    assert all(name in told for name in names())


def test_mistakes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "mine", "--example"]) != 0
    assert "report: 'mine' is not allowed; give no study with --example" in capsys.readouterr().err
    assert main(["report", "--example", "quickstrat"]) != 0
    assert "example: there is no 'quickstrat'. Did you mean 'quickstart'?" in capsys.readouterr().err
    assert main(["report", "--example", ""]) != 0
    assert "example: there is no ''" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main(["report"])
    assert "the following arguments are required: STUDY, or --example" in capsys.readouterr().err
