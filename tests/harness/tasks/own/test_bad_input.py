"""A fault in a user's own files gets one message, with the file, the row and the allowed values."""

import json
import re
from pathlib import Path

import pytest

from harness.common.errors import UserError
from harness.data import reading
from harness.data.origin import Origin
from harness.execution.plan import plan
from harness.methods import Vanilla
from harness.study import DataFiles, Study
from harness.tasks.own import Own, own_task
from harness.tasks.own.question import OwnQuestion
from harness.tasks.own.regression import OwnRegression
from harness.tasks.own.text import OwnText
from tests.helpers.own_data import topics, written
from tests.helpers.studies import SHORT

TASK = OwnText(text=("sentence",), label="topic", id="key")
GOOD = [{"key": 1, "sentence": "A text", "topic": "x"}, {"key": 2, "sentence": "Another", "topic": "y"}]


def lines(*rows: dict[str, object]) -> bytes:
    return "\n".join(json.dumps(row) for row in rows).encode()


def read(folder: Path, name: str, content: bytes, task: Own = TASK, split: str = "train") -> None:
    file = folder / name
    file.write_bytes(content)
    places = {"en": str(file)}
    reading.examples(Origin(task, DataFiles(train=places, dev=places, test=places)), split, "en")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            lines({"key": 1, "sentnce": "A", "topic": "x"}),
            "a.jsonl: column: there is no 'sentence'. Did you mean 'sentnce'? Known: key, sentnce, topic",
        ),
        (
            lines(*GOOD, {"key": 3, "sentence": " \t", "topic": "x"}),
            "a.jsonl: row 3: sentence: ' \\t' is not allowed; give text that is not empty",
        ),
        (
            lines(*GOOD, {"key": 3, "topic": "x"}),
            "a.jsonl: row 3: sentence: nan is not allowed; give text that is not empty",
        ),
        (
            lines(*GOOD, {"key": 3, "sentence": "A", "topic": None}),
            "a.jsonl: row 3: topic: None is not allowed; give a label, which every row needs: text or a whole number",
        ),
        (
            b'{"key": 1, "sentence": "A", "topic": NaN}',
            "a.jsonl: row 1: topic: nan is not allowed; give a label, which every row needs",
        ),
        (
            lines({"key": 1, "sentence": "A", "topic": 1}, {"key": 2, "sentence": "B", "topic": "1"}),
            "a.jsonl: row 2: topic: '1' is text, and in row 1 1 is a whole number; give one type",
        ),
        (
            lines(*GOOD, {"key": 1, "sentence": "A", "topic": "x"}),
            "a.jsonl: row 3: key: 1 is not allowed; give each id once; row 1 has it too",
        ),
        (lines(GOOD[0]), "a.jsonl: all 1 rows have the label 'x'; training needs two"),
        (b"", "a.jsonl: column: there is no 'sentence'. Known: none"),
    ],
)
def test_training_data(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(UserError) as error:
        read(tmp_path, "a.jsonl", content)
    assert message in str(error.value)


def test_a_label_that_training_lacks(tmp_path: Path) -> None:
    task = OwnText(text=("sentence",), label="topic", labels=("sports", "travel"))
    with pytest.raises(
        UserError, match=r"a.csv: row 1: topic: there is no 'sprots'. Did you mean 'sports'\? Known: spo"
    ):
        read(tmp_path, "a.csv", b"sentence,topic\nA,sprots\n", task, "test")


def test_a_test_language_without_labels(tmp_path: Path) -> None:
    task = OwnText(text=("sentence",), label="topic", labels=("sports", "travel"))
    with pytest.raises(
        UserError, match=r"a\.csv: row 1: topic: '' is not allowed; give a label, which every row needs"
    ):
        read(tmp_path, "a.csv", b"sentence,topic\nA,\nB,\n", task, "test")
    with pytest.raises(UserError, match=r"a\.csv: column: there is no 'topic'\. Known: sentence"):
        read(tmp_path, "a.csv", b"sentence\nA\nB\n", task, "test")


def test_another_encoding_names_the_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"a.csv:3: not UTF-8 text .* save it as UTF-8"):
        read(tmp_path, "a.csv", "key,sentence,topic\n1,a,x\n2,ä,y\n".encode("latin-1"))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "a.csv",
            b"sentence,topic\nA,x\nB, b,y\n",
            'a.csv:3: 3 cells in 2 columns; put a text with a comma into "…"',
        ),
        ("a.tsv", b"sentence\ttopic\nA\tB\tx\n", 'a.tsv:2: 3 cells in 2 columns; put a text with a tab into "…"'),
        ("a.csv", b'sentence,topic\nA,x\n"B,y\n', "a.csv: row 2: a quotation mark opens a text and none closes it"),
        ("a.csv", b"", "a.csv: the file is empty; its first line has the names of the columns"),
        ("a.csv", b"sentence;topic\nA;x\n", "a.csv:1: 'sentence;topic' has a semicolon between its names; save the"),
    ],
)
def test_tables_that_are_malformed(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        read(tmp_path, name, content)


def test_questions_have_their_row(tmp_path: Path) -> None:
    answers = {"text": ["Berlin"], "answer_start": [1]}
    rows = [{"id": 7, "question": "Where?", "context": "Berlin", "answers": answers | {"answer_start": [0]}}]
    wrong = [*rows, {"id": 8, "question": "Where?", "context": "Berlin", "answers": answers}]
    with pytest.raises(UserError, match=r"a\.jsonl: row 2: question '8': answer_start: 1 is not allowed; give 0"):
        read(tmp_path, "a.jsonl", lines(*wrong), OwnQuestion())


def test_numbers_that_are_all_the_same(tmp_path: Path) -> None:
    task = OwnRegression(text=("sentence",), label="value")
    with pytest.raises(UserError, match=r"a\.csv: all 2 rows have the number 3; give at least two numbers"):
        read(tmp_path, "a.csv", b"sentence,value\nA,3\nB,3.0\n", task, "test")


@pytest.mark.parametrize("returned", ["float('nan')", "(0.5, 0.5)", "'high'"])
def test_a_metric_is_tried_before_anything_runs(tmp_path: Path, encoder: str, returned: str) -> None:
    (tmp_path / "mine.py").write_text(f"def metric(gold, predicted):\n    return {returned}\n")
    parts = {name: written(topics(*name.split("-"), 20), tmp_path / f"{name}.csv") for name in ("train-en", "dev-en")}
    study = Study(
        name="own",
        task=OwnText(text=("sentence",), label="topic", metric=str(tmp_path / "mine.py")),
        data=DataFiles(train={"en": parts["train-en"]}, dev={"en": parts["dev-en"]}, test={"en": "", "de": ""}),
        methods=(Vanilla(),),
        settings=(SHORT,),
        seeds=(0,),
        targets=("de",),
        encoder=encoder,
    )
    with pytest.raises(UserError, match=r"mine.py: the value of metric for 20 examples: .* give one finite number"):
        plan(study)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data": "embedded"}, "data: 'embedded' is not allowed; give for an own task files by split and lang"),
        ({"data": {"train": {"en": "a"}}}, "data: the fields 'dev' and 'test' are missing"),
        ({"targets": ["fr"]}, "data: test: language: there is no 'fr'. Known: de, en"),
        ({"source": "de", "targets": ["en"]}, "data: train: language: there is no 'de'. Did you mean 'en'? Known: en"),
        ({"task": "xnli"}, "data: data of your own need a task with a 'kind'; the task is 'xnli'"),
        (
            {"task": ["text"]},
            "task: ['text'] is not allowed; give a task's name, a .py file, or a mapping with",
        ),
    ],
)
def test_a_study_whose_data_do_not_fit(change: dict[str, object], message: str) -> None:
    places = {"train": {"en": "a.csv"}, "dev": {"en": "b.csv"}, "test": {"en": "c.csv", "de": "d.csv"}}
    given = {
        "name": "own",
        "task": {"kind": "text", "text": "sentence"},
        "data": places,
        "methods": ["vanilla"],
        "settings": [{"learning_rate": 1e-3, "max_steps": 3}],
        "seeds": [0],
        "targets": ["de"],
    }
    with pytest.raises(UserError) as error:
        Study.from_json(given | change)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"kind": "text", "text": "topic", "label": "topic"},
            "label: 'topic' is not allowed; give another column than",
        ),
        (
            {"kind": "text", "text": "a", "metric": "macrof1"},
            "Did you mean 'macro_f1'? Known: accuracy, macro_f1, matthews, micro_f1",
        ),
        ({"kind": "token", "words": "w", "tags": "w"}, "tags: 'w' is not allowed; give another column than the words'"),
        ({"kind": "text", "text": "a", "metric": "examples.py"}, "and neither a metric of steadytune"),
        ({"kind": "question_answering", "metric_file": "mine.py"}, "metric_file: 'mine.py' is not allowed; give none"),
    ],
)
def test_tasks_that_no_study_can_use(given: dict[str, str], message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        own_task(given, "task")
