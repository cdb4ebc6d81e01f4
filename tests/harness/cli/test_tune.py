"""``steadytune search`` for a user."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.cli.main import main
from harness.store.store import Store
from harness.study import Study
from tests.helpers.searches import filled


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "{file}"], "tuned is a search; use 'steadytune search {file}'"),
        (["search", "quickstart"], "quickstart has no 'search'"),
        (["search", "{file}", "--trials", "0"], "trials: 0 is not allowed"),
        (["search", "{file}", "--set", "learning_rate=1e-3"], "--set: the search varies learning_rate itself"),
        (["search", "{file}", "--set", "train_examples=99999"], "train_examples: 99999 is not allowed"),
        (["search", "{file}", "--set", "max_length=99999"], "max_length: 99999 is not allowed"),
        (["search", "{file}", "--write", "won.txt"], "--write: 'won.txt' is not allowed; give a .yaml file"),
        (["search", "{file}", "--write", "no/such/folder/won.yaml"], "in a folder that exists"),
        (
            ["search", "{file}", "--write", "{file}"],
            "a new file, or a file with the winners of tuned; this file has other content",
        ),
        (["search", "{file}", "--write", "{sub}/../tuned.yaml"], "a new file, or a file with the winners of tuned"),
        (["search", "{file}", "--write", "{other}"], "a new file, or a file with the winners of tuned"),
        (
            ["search", "{long}"],
            "is not allowed; give at most 92 characters: the name of the winners' study adds '-winners'",
        ),
        (["search", "{file}", "--set", "data={nodev}"], "dev-en"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(
    search_file: Path,
    tmp_path: Path,
    data_folder: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    (data_folder / "udpos" / "dev-en.tsv").unlink()
    other, long = tmp_path / "other.yaml", tmp_path / f"{'l' * 93}.yaml"
    other.write_text("name: other-winners\nquestion: a day's work", encoding="utf-8")
    long.write_text(search_file.read_text(encoding="utf-8"), encoding="utf-8")
    words = {
        "file": str(search_file),
        "nodev": str(data_folder),
        "sub": str(data_folder),
        "other": str(other),
        "long": str(long),
    }
    before = {place: place.read_bytes() for place in tmp_path.iterdir() if place.is_file()}
    store = tmp_path / "store"
    assert main([*(argument.format(**words) for argument in arguments), "--store", str(store)]) == 2
    error = capsys.readouterr().err
    assert message.format(**words) in error
    assert error.count("\n") == 1
    assert not store.exists()
    assert {place: place.read_bytes() for place in before} == before


def test_a_search_is_advised_to_do_what_it_can(
    search_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [
        "search",
        str(search_file),
        "--set",
        "max_steps=1",
        "--dry-run",
        "--ray-address",
        "auto",
        "--store",
        str(tmp_path / "store"),
    ]
    assert main(command) == 0
    out = capsys.readouterr().out
    assert (
        "does not end in 1: the learning rate stays below its value. Give the search a shorter range of warmup_steps"
        in out
    )
    assert "--set warmup_steps" not in out


def test_show_lists_what_was_tried(
    searched: Study, search_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Store(tmp_path / "store")
    filled(replace(searched, name="tuned"), store)
    assert main(["show", str(search_file), "--store", store.place]) == 0
    out = capsys.readouterr().out
    assert "loguniform(0.0001, 0.01)" in out
    assert "after 1/9, 1/3, all of the steps" in out
    assert "5 tried" in out
    rows = [line.split()[1:] for line in out.splitlines()]
    assert ["status", "method", "learning_rate", "warmup_steps", "dev", "step"] in rows
    assert ["stopped", "vanilla", "0.002", "1", "10.00", "1"] in rows
    assert max(len(line) for line in out.splitlines() if "vanilla" in line) <= 80
