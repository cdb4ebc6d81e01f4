"""Windows over contexts: they cover the context, each has the question, and answers keep their places."""

from collections import defaultdict

import pytest
from transformers import PreTrainedTokenizerBase

from harness.common.errors import UserError
from harness.encoders import loading, pinning
from harness.tasks import task_named
from harness.tasks.questions import spans
from harness.tasks.questions.spans import Span
from harness.tasks.questions.squad_format import Question, of_file
from harness.tasks.questions.windows import NOWHERE, encoded
from tests.helpers.encoders import byte_level
from tests.helpers.questions import cloze, written

LANGUAGES = ("ar", "de", "fi", "hi", "zh")


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerBase:
    return loading.tokenizer(pinning.find("embedded"))


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Question]]:
    folder = tmp_path_factory.mktemp("cloze")
    return {
        code: of_file(written(folder, f"{code}.json", cloze(code, slice(4))), no_answer=False) for code in LANGUAGES
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_labels_are_the_answer_in_every_window_that_has_it(
    language: str, examples: dict[str, list[Question]], tokenizer: PreTrainedTokenizerBase
) -> None:
    rows = encoded(examples[language], tokenizer, 64)
    found = defaultdict(set)
    for row in rows:
        assert len(row["input_ids"]) <= 64
        first, last = row["labels"]
        if [first, last] != NOWHERE:
            assert row["first"] <= first <= last <= row["last"]
            span = Span(0, first - row["first"], last - row["first"], 0)
            found[row["example"]].add(spans._text(row, span))
    # A sub-word may reach beyond the number, to a bracket or the Chinese sign for a year.
    for n, example in enumerate(examples[language]):
        assert found[n]
        assert all(example.answers[0] in text and len(text) <= len(example.answers[0]) + 6 for text in found[n])
    exact = sum(example.answers[0] in found[n] for n, example in enumerate(examples[language]))
    assert exact >= 0.8 * len(examples[language])


def test_windows_cover_the_context_and_share_a_third(
    examples: dict[str, list[Question]], tokenizer: PreTrainedTokenizerBase
) -> None:
    rows = encoded(examples["de"][:3], tokenizer, 96)
    for n, example in enumerate(examples["de"][:3]):
        mine = [row for row in rows if row["example"] == n]
        assert len(mine) > 1
        question = tokenizer(example.question, add_special_tokens=False)["input_ids"]
        whole = tokenizer(example.context, add_special_tokens=False)["input_ids"]
        parts = [row["input_ids"][row["first"] : row["last"] + 1] for row in mine]
        assert all(row["input_ids"][1 : 1 + len(question)] == question for row in mine)
        assert parts[0] + [piece for part in parts[1:] for piece in part[96 // 3 :]] == whole
        assert all(row["text"] in example.context for row in mine)


def test_a_question_longer_than_half_a_window_loses_its_end(tokenizer: PreTrainedTokenizerBase) -> None:
    long = Question("how many " * 100, "There are 3 of them. " * 20, ("3",), (10,))
    rows = encoded([long], tokenizer, 48)
    assert all(len(row["input_ids"]) <= 48 for row in rows)
    assert all(row["last"] - row["first"] + 1 >= 24 for row in rows.select(range(len(rows) - 1)))
    assert rows[0]["labels"] != NOWHERE


def test_no_answer_and_an_answer_elsewhere_point_at_the_first_special_token(tokenizer: PreTrainedTokenizerBase) -> None:
    text = "word " * 60 + "3"
    rows = encoded([Question("?", text, (), ()), Question("?", text, ("3",), (300,))], tokenizer, 40)
    assert all(row["labels"] == NOWHERE for row in rows if row["example"] == 0)
    labels = [row["labels"] for row in rows if row["example"] == 1]
    assert labels[0] == NOWHERE
    assert labels[-1] != NOWHERE


def test_a_byte_level_tokenizer() -> None:
    """For example RoBERTa's: a sub-word's characters may include the space before it."""
    example = Question("Who?", "Then Zoë said: no.", ("Zoë",), (5,))
    (row,) = encoded([example], byte_level(), 40)
    first, last = (place - row["first"] for place in row["labels"])
    assert spans._text(row, Span(0, first, last, 0)) == "Zoë"


def test_a_window_too_short_for_questions(tokenizer: PreTrainedTokenizerBase) -> None:
    with pytest.raises(UserError, match="max_length: 16 is not allowed; give at least 32 for questions"):
        task_named("xquad").encode([Question("?", "x", ("x",), (0,))], tokenizer, 16)
