"""The results that ship: small, read as any, and the report of them by one command."""

import json
from pathlib import Path

import pytest

from analysis.examples import example
from analysis.results import from_csv
from harness.cli.main import main
from search_spaces import load

MIB = 2**20


def test_the_example_is_the_quickstart_whole_and_small() -> None:
    with example() as file:
        assert file.stat().st_size <= MIB
        results = from_csv.read(str(file))
    study = load("quickstart")
    assert results.about.name == study.name
    assert results.about.targets == study.targets
    assert results.methods == [arm.method.arm.label for arm in study.arms]
    assert results.runs["complete"].all()
    assert len(results.trials) == len([*study.runs()])


def test_one_command_writes_its_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--example", "--out", str(tmp_path / "out")]) == 0
    assert str(tmp_path / "out" / "report.html") in capsys.readouterr().out
    told = json.loads((tmp_path / "out" / "answer.json").read_text(encoding="utf-8"))
    assert told["study"] == "quickstart"
    assert told["claims"]
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert page.count('class="verdict"') == 2
    assert len(page.encode()) < 3 * MIB


def test_mistakes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "mine", "--example"]) != 0
    assert "report: 'mine' is not allowed; give no study with --example" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main(["report"])
    assert "the following arguments are required: STUDY, or --example" in capsys.readouterr().err
