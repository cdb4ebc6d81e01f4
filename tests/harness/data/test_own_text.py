"""Unlabelled text for Fisher in a user's own files: every format, and messages with file and row."""

import gzip
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

import search_spaces
from harness.common import files
from harness.common.errors import UserError
from harness.data import corpus
from harness.data.origin import Origin, absolute
from harness.execution.plan import plan
from harness.methods import L2, Ewc
from harness.methods.fisher_estimate import Estimate
from harness.study import Study
from tests.helpers.own_data import written

SENTENCES = ("Eins und zwei .", "Drei !")
NOWHERE = Origin("", "")


def read(pattern: Path, column: str = "text", language: str = "de") -> tuple[str, ...]:
    return corpus.passages(str(pattern), language, 5, NOWHERE, column)


@pytest.mark.parametrize("suffix", [".csv", ".tsv.gz", ".jsonl", ".jsonl.zst", ".parquet"])
def test_every_format_has_the_same_text(tmp_path: Path, suffix: str) -> None:
    rows: list[dict[str, object]] = [{"n": "1", "text": SENTENCES[0]}, {"n": "2", "text": f" {SENTENCES[1]}\n"}]
    written(rows, tmp_path / f"de{suffix}")
    assert read(tmp_path / f"{{language}}{suffix}") == SENTENCES
    assert read(tmp_path / f"{{language}}{suffix}", "n") == ("1", "2")


def test_plain_text_has_one_passage_per_line(tmp_path: Path) -> None:
    lines = "\n\n".join(SENTENCES).encode()
    (tmp_path / "de").mkdir()
    (tmp_path / "de" / "mine.txt").write_bytes(lines)
    (tmp_path / "de.txt.gz").write_bytes(gzip.compress(lines))
    assert read(tmp_path / "{language}" / "mine.txt") == read(tmp_path / "{language}.txt.gz") == SENTENCES


def test_words_in_columns_are_joined(tmp_path: Path) -> None:
    (tmp_path / "de.conll").write_text("Eins O\nund O\n\nDrei O\n", encoding="utf-8")
    assert read(tmp_path / "{language}.conll", "words") == ("Eins und", "Drei")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("fr.jsonl", "", "text: {folder}/de.jsonl does not exist; it is the text for 'de'"),
        ("de.jsonl", '{"txt": "a"}\n', "text: {folder}/de.jsonl: column: there is no 'text'. Did you mean 'txt'?"),
        (
            "de.jsonl",
            '{"text": "a"}\n{"text": 3}\n',
            "text: {folder}/de.jsonl: row 2: text: 3 is not allowed; give text, or a list of words",
        ),
        ("de.jsonl", '{"text": " "}\n', "has no text for 'de'"),
        ("de.jsonl", '{"text": "a"}\n{"text\n', "{folder}/de.jsonl:2: not readable as JSON"),
        ("de.doc", "a", "text: '{folder}/de.doc' is not allowed; give a file whose name ends in .csv, "),
    ],
)
def test_invalid_text_gives_an_error_with_file_and_row(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(UserError) as error:
        read(tmp_path / f"{{language}}{Path(name).suffix}")
    assert message.format(folder=tmp_path) in str(error.value)


def test_ids_depend_on_the_text_not_on_its_format_or_column(study: Study, tmp_path: Path) -> None:
    written([{"passage": text} for text in SENTENCES], tmp_path / "de.jsonl")
    (tmp_path / "de.txt").write_text("\n".join(SENTENCES), encoding="utf-8")
    plain = Ewc(strength=1.0, examples=2, text=str(tmp_path))
    patterns = (
        replace(plain, text=str(tmp_path / "{language}.txt")),
        replace(plain, text=str(tmp_path / "{language}.jsonl"), column="passage"),
    )
    made = [plan(replace(study, methods=(method,), targets=("de",)))[0] for method in (plain, *patterns)]
    assert len({trial.id for trial in made}) == 1
    assert [trial.method.to_json().get("column") for trial in made] == [None, None, "passage"]
    assert all(type(trial).from_json(trial.to_json()) == trial for trial in made)


def test_a_pattern_is_relative_to_the_study_s_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "task": "udpos",
        "methods": [{"name": "ewc", "strength": 1, "text": "my/{language}.jsonl"}, {"name": "l2", "strength": 1}],
        "settings": [{"learning_rate": 1e-3, "max_steps": 3}],
        "seeds": [0],
        "targets": ["de"],
    }
    (tmp_path / "ewc.yaml").write_text(yaml.safe_dump(given), encoding="utf-8")
    monkeypatch.chdir("/")
    ewc, l2 = search_spaces.load(str(tmp_path / "ewc.yaml")).methods
    assert isinstance(ewc, Ewc)
    assert ewc.text == str(tmp_path / "my" / "{language}.jsonl")
    assert ewc.label == "ewc(strength=1, text=my/{language}.jsonl)"
    assert l2 == L2(strength=1)


def test_the_last_part_of_a_place_is_its_label() -> None:
    places = {"/a/b": "b", "": "", "wikipedia": "wikipedia", "/a/b/{language}/c.txt": "b/{language}/c.txt"}
    assert {place: files.last_part(place) for place in places} == places


def test_a_pattern_has_a_full_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert absolute("--text", "my/{language}.txt") == str(tmp_path / "my" / "{language}.txt")
    with pytest.raises(UserError, match="column: '' is not allowed; give the name of a column"):
        Estimate(languages=("de",), column="")
