"""SQuAD's JSON and the hub's columns: the same questions, and one message for each mistake."""

from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset

from harness.common.errors import UserError
from harness.tasks.questions.squad_format import Question, of_file, of_hub
from tests.helpers.questions import squad, written

CONTEXT = "Ann has 3 cats. Bob has 33 dogs."
GOOD = ("a", "How many cats?", [("3", 8), ("3 cats", 8)])


def read(folder: Path, *questions: Any, context: str = CONTEXT, no_answer: bool = False) -> list[Question]:
    return of_file(written(folder, "test-en.json", squad(*questions, context=context)), no_answer=no_answer)


def test_questions_of_a_file(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD) == [("How many cats?", CONTEXT, ("3", "3 cats"), (8, 8))]


@pytest.mark.parametrize("layout", ["lists", "structs"])
def test_the_hubs_columns_are_the_same_questions(tmp_path: Path, layout: str) -> None:
    answers = [{"text": text, "answer_start": start} for text, start in GOOD[2]]
    lists = {name: [answer[name] for answer in answers] for name in ("text", "answer_start")}
    columns = {"id": ["a"], "title": ["t"], "context": [CONTEXT], "question": [GOOD[1]]}
    rows = Dataset.from_dict({**columns, "answers": [lists if layout == "lists" else answers]})
    assert of_hub(rows, "here", no_answer=False) == read(tmp_path, GOOD)
    with pytest.raises(UserError, match=r"here: column: there is no 'question'\. Known: answers, context, id, title"):
        of_hub(rows.remove_columns("question"), "here", no_answer=False)


@pytest.mark.parametrize(
    ("question", "message"),
    [
        (("b", "?", [("33", 8)]), r"question 'b': answer_start: 8 is not allowed; give 24, where the answer '33' begi"),
        (("b", "?", [("3", 9)]), r"question 'b': answer_start: 9 is not allowed; give 8, where the answer '3' begins"),
        (("b", "?", [("3", -1)]), r"question 'b': answer_start: -1 is not allowed; give 8"),
        (("b", "?", [("3", 8.0)]), r"question 'b': answer_start: 8\.0 is not allowed; give a whole number"),
        (("b", "?", [("4", 8)]), r"question 'b': the answer '4' is not in its context; give a part of it, letter for"),
        (("b", "?", [("", 0)]), r"question 'b': answer: '' is not allowed; .*XTREME's download script empties"),
        (("b", "?", [(None, 0)]), r"question 'b': answer: None is not allowed"),
        (("b", "?", []), r"question 'b' has no answer; give one, or take a task that allows for none \(no_answer\)"),
        (("b", " ", [("3", 8)]), r"question 'b': question: ' ' is not allowed; give text that is not empty"),
        (("", "?", [("3", 8)]), r"id of a question: '' is not allowed"),
        ((7, "?", [("3", 8)]), r"id of a question: 7 is not allowed"),
        (GOOD, r"question 'a' is there twice; give each question an id of its own"),
    ],
)
def test_a_mistake_is_told_with_the_file_and_the_question(tmp_path: Path, question: Any, message: str) -> None:
    with pytest.raises(UserError, match=r"test-en\.json: " + message):
        read(tmp_path, GOOD, question)


def test_an_empty_context(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"test-en\.json: question 'a': context: '' is not allowed; give text that is n"
    ):
        read(tmp_path, GOOD, context="")


def test_no_answer_where_a_task_allows_for_none(tmp_path: Path) -> None:
    """As in SQuAD 2.0, where impossible questions also have plausible answers."""
    content = squad(GOOD, ("b", "Who?", []), context=CONTEXT)
    content["data"][0]["paragraphs"][0]["qas"][0]["is_impossible"] = True
    found = of_file(written(tmp_path, "two.json", content), no_answer=True)
    assert [question.answers for question in found] == [(), ()]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"data": []}, "there are no questions"),
        ({"dat": []}, "lacks 'data'; give SQuAD's JSON, "),
        ({"data": [{"paragraphs": [{"qas": [{"id": "a"}]}]}]}, "lacks 'answers'"),
        ([], "has another layout; give SQuAD's JSON"),
        (
            {"data": [{"paragraphs": [{"context": "x", "qas": [{"id": "a", "question": "?", "answers": "x"}]}]}]},
            "'text'",
        ),
    ],
)
def test_other_json(tmp_path: Path, content: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        of_file(written(tmp_path, "other.json", content), no_answer=False)


def test_no_json(tmp_path: Path) -> None:
    (tmp_path / "torn.json").write_text('{"data": [', encoding="utf-8")
    with pytest.raises(UserError, match=r"torn\.json: no JSON: .*line 1"):
        of_file(tmp_path / "torn.json", no_answer=False)
