"""Examples of the documentation: they load, agree between YAML and Python, and run."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

import search_spaces
from harness.cli.main import main
from harness.study import Study
from tests.helpers.own_data import topics, written
from tests.helpers.readme import DOCUMENTATION, alternatives, example

MOVED = "--set encoder=embedded --set data=embedded --set ewc.text=embedded --set max_steps=600"
"""Options that move the example to the shipped encoder, data and text."""


def studied(folder: Path, name: str, text: str) -> Study:
    (folder / name).write_text(text, encoding="utf-8")
    return search_spaces.load(str(folder / name))


@pytest.mark.parametrize(("name", "trials"), [("warmup", 3 * (2 + 2 + 3 + 2)), ("small", 12)])
def test_a_study_is_the_same_in_yaml_and_in_python(tmp_path: Path, name: str, trials: int) -> None:
    written = studied(tmp_path, f"{name}.yaml", example("yaml", f"# {name}.yaml"))
    made = studied(tmp_path, f"{name}.py", example("python", f"# {name}.py"))
    assert written == made
    assert len([*written.runs()]) == trials


def test_a_design_is_the_same_in_yaml_and_in_python(tmp_path: Path) -> None:
    written = studied(tmp_path, "design.yaml", example("yaml", "design: sobol"))
    named: dict[str, object] = {}
    exec(example("python", "designs.sobol("), named)
    assert written.settings == named["settings"]
    assert len(written.settings) == 8


def test_a_search_loads(tmp_path: Path) -> None:
    search = studied(tmp_path, "tuned.yaml", example("yaml", "# tuned.yaml")).search
    assert search is not None
    assert (search.trials, list(search.space)) == (12, ["learning_rate", "warmup_steps"])


@pytest.mark.parametrize(
    ("name", "language", "within", "options", "shown"),
    [
        ("warmup.py", "python", "# warmup.py", MOVED, "27 trials, 0 finished"),
        ("warmup.yaml", "yaml", "# warmup.yaml", MOVED, "27 trials, 0 finished"),
        ("small.yaml", "yaml", "# small.yaml", "", "12 trials, 0 finished"),
        ("design.yaml", "yaml", "design: sobol", "", "16 trials, 0 finished"),
        ("tuned.yaml", "yaml", "# tuned.yaml", "", "search: 12 trials of each method at seed 0"),
    ],
)
def test_a_study_is_planned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, language: str, within: str, options: str, shown: str
) -> None:
    studied(tmp_path, name, example(language, within))
    assert main(["show", str(tmp_path / name), "--store", str(tmp_path / "store"), *options.split()]) == 0
    out = capsys.readouterr().out
    assert shown in out
    assert "(training data " in out


def test_a_study_runs_on_what_is_shipped(tmp_path: Path, cut: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = studied(tmp_path, "warmup.yaml", example("yaml", "# warmup.yaml"))
    monkeypatch.chdir(tmp_path)
    options = (
        "--set encoder=embedded --set ewc.text=embedded --set ewc.examples=2 --set max_steps=2 --set "
        "warmup_steps=10% --seeds 0"
    )
    place = ["--set", f"data={cut}", "--languages", "de", "--store", "store"]
    assert main(["run", "warmup.yaml", "--local", *options.split(), *place]) == 0
    assert (tmp_path / "store" / "reports" / study.name / "report.html").is_file()


def test_the_studies_it_names_are_there() -> None:
    named = {
        name
        for pattern in re.findall(r"`((?:paper|stress|short|search|designs)/[^`\s]+)`", DOCUMENTATION)
        for name in alternatives(pattern)
    }
    assert named, "the pages name studies"
    assert named <= set(search_spaces.names())


def test_a_function_may_make_the_study_and_its_errors_name_the_line(tmp_path: Path) -> None:
    made = studied(
        tmp_path, "a.py", "import search_spaces\ndef study():\n    return search_spaces.load('quickstart')\n"
    )
    assert made == search_spaces.load("quickstart")
    assert studied(
        tmp_path, "b.py", "import search_spaces\nSTUDY = search_spaces.load('quickstart')\nstudy = 3\n"
    ) == replace(made)
    with pytest.raises(search_spaces.UserError, match=r"c\.py:3: ZeroDivisionError"):
        studied(tmp_path, "c.py", "def study():\n    n = 0\n    return 1 / n\n")
    with pytest.raises(
        search_spaces.UserError,
        match=r"d\.py: it must define STUDY.* or a function study\(\) that returns one; it has int",
    ):
        studied(tmp_path, "d.py", "def study():\n    return 3\n")


def test_a_study_on_ones_own_data_runs(tmp_path: Path, encoder: str) -> None:
    files = {"train.csv": "train-en", "dev.jsonl": "dev-en", "test.parquet": "test-en", "de.csv": "test-de"}
    for name, part in {**files, "hi.csv.gz": "test-hi"}.items():
        split, language = part.split("-")
        labels = {"none": "sports", "number": "travel"}
        rows = [row | {"topic": labels[str(row["topic"])]} for row in topics(split, language, 20)]
        written(rows, tmp_path / name)
    study = studied(tmp_path, "topics.yaml", example("yaml", "# topics.yaml"))
    options = [
        "--set",
        f"encoder={encoder}",
        "--set",
        "max_steps=2",
        "--seeds",
        "0",
        "--store",
        str(tmp_path / "store"),
    ]
    assert main(["run", str(tmp_path / "topics.yaml"), "--local", *options]) == 0
    assert (tmp_path / "store" / "reports" / study.name / "report.html").is_file()
