"""Questions in the format of SQuAD's JSON files (Rajpurkar et al., 2016 and 2018) and of the hub's data sets."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.common import files
from harness.common.errors import UserError, bad
from harness.tasks.base import columns

if TYPE_CHECKING:
    from datasets import Dataset

HUB_COLUMNS = ("id", "question", "context", "answers")
LAYOUT = "{'data': [{'paragraphs': [{'context': …, 'qas': [{'id': …, 'question': …, 'answers': […]}]}]}]}"
SHOWN = 60
"""Largest number of characters of an answer in a message."""


class Question(NamedTuple):
    """A question on a context, with the accepted answers: none if the context does not answer it.

    The id changes no score, and is left out because XTREME's script gives TyDi QA's questions other ids.
    """

    question: str
    context: str
    answers: tuple[str, ...]
    starts: tuple[int, ...]
    """Positions of the answers in the context, in characters."""


def of_file(file: Path, *, no_answer: bool, unique_ids: bool = True) -> list[Question]:
    """The questions of a JSON file, in the file's order.

    Raises:
        UserError: The file lacks questions or has another layout. The message has the question's id if an answer is
            not at its position, a text is empty, an answer is missing without ``no_answer``, or an id is repeated with
            ``unique_ids``.
    """
    return checked(cells(files.read(file), str(file)), str(file), no_answer=no_answer, unique_ids=unique_ids)


def of_hub(rows: "Dataset", where: str, *, no_answer: bool) -> list[Question]:
    """The questions of a data set with the hub's columns; otherwise like ``of_file``."""
    return checked(zip(*columns(rows, HUB_COLUMNS, where), strict=True), where, no_answer=no_answer)


def cells(content: bytes, where: str) -> Iterator[tuple[Any, Any, Any, Any]]:
    """Id, question, context and answers of each question, unchecked."""
    try:
        whole = json.loads(files.text(content, where))
    except ValueError as error:
        raise UserError(f"{where}: no JSON: {error}") from None
    try:
        for document in whole["data"]:
            for paragraph in document["paragraphs"]:
                for asked in paragraph["qas"]:
                    answers = [] if asked.get("is_impossible") else asked["answers"]
                    yield asked["id"], asked["question"], paragraph["context"], answers
    except (AttributeError, KeyError, TypeError) as error:
        lacking = f"lacks {error.args[0]!r}" if isinstance(error, KeyError) else "has another layout"
        raise UserError(f"{where}: {lacking}; give SQuAD's JSON, {LAYOUT}") from None


def checked(
    cells: Iterable[Sequence[Any]], where: str, *, no_answer: bool, unique_ids: bool = True, numbered: bool = False
) -> list[Question]:
    """Questions from their cells, in the order of ``HUB_COLUMNS``; otherwise like ``of_file``.

    With ``numbered``, messages have the number of the row, from 1.
    """
    found: list[Question] = []
    seen: set[str] = set()
    for row, (name, question, context, answers) in enumerate(cells, start=1):
        place = f"{where}: row {row}" if numbered else where
        if not isinstance(name, str) or not name:
            raise bad(f"{place}: id of a question", name, "text that is not empty")
        at = f"{place}: question {name!r}"
        if unique_ids and name in seen:
            raise UserError(f"{at} is there twice; give each question an id of its own")
        for field, text in (("question", question), ("context", context)):
            if not isinstance(text, str) or not text.strip():
                raise bad(f"{at}: {field}", text, "text that is not empty")
        pairs = list(_pairs(answers, at))
        if not pairs and not no_answer:
            raise UserError(
                f"{at} has no answer; give one, or take a task that allows for none (no_answer), as SQuAD 2.0 does"
            )
        for text, start in pairs:
            _check_answer(text, start, context, at)
        seen.add(name)
        found.append(Question(question, context, tuple(a for a, _ in pairs), tuple(s for _, s in pairs)))
    if not found:
        raise UserError(f"{where}: there are no questions")
    return found


def _pairs(answers: Any, at: str) -> Iterator[tuple[Any, Any]]:
    """Text and start of each answer. The hub has a list of texts and a list of starts; files have a list of pairs."""
    try:
        if isinstance(answers, Mapping):
            yield from zip(answers["text"], answers["answer_start"], strict=True)
        else:
            yield from ((answer["text"], answer["answer_start"]) for answer in answers)
    except (KeyError, TypeError, ValueError):
        raise UserError(f"{at}: answers need a 'text' and an 'answer_start' each") from None


def _check_answer(text: Any, start: Any, context: str, at: str) -> None:
    """Refuse an answer that does not begin at its stated position."""
    if not isinstance(text, str) or not text.strip():
        raise bad(
            f"{at}: answer",
            text,
            "text that is not empty; XTREME's download script empties the answers of test files: take the published "
            "files",
        )
    if not isinstance(start, int) or isinstance(start, bool):
        raise bad(f"{at}: answer_start", start, "a whole number, in characters from 0")
    if start >= 0 and context.startswith(text, start):
        return
    shown = repr(text if len(text) <= SHOWN else text[:SHOWN] + "…")
    places = [i for i in range(len(context)) if context.startswith(text, i)]
    if not places:
        raise UserError(f"{at}: the answer {shown} is not in its context; give a part of it, letter for letter")
    nearest = min(places, key=lambda place: abs(place - start))
    raise bad(f"{at}: answer_start", start, f"{nearest}, where the answer {shown} begins, in characters from 0")
