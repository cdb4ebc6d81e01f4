"""Helpers that make questions in SQuAD's format from the shipped text."""

import json
import re
from pathlib import Path
from typing import Any

from harness import embedded

AROUND = 40
"""Characters on either side of a number that form its question."""
NUMBER = re.compile(r"\d+")


def squad(*questions: tuple[str, str, list[tuple[str, int]]], context: str = "") -> dict[str, Any]:
    """SQuAD's JSON of one context, with ids, questions, and answers with their starts."""
    asked = [
        {
            "id": name,
            "question": question,
            "answers": [{"text": text, "answer_start": start} for text, start in answers],
        }
        for name, question, answers in questions
    ]
    return {"version": "1.1", "data": [{"title": "", "paragraphs": [{"context": context, "qas": asked}]}]}


def cloze(language: str, passages: slice) -> dict[str, Any]:
    """Questions for the numbers in some passages of the shipped text: the question is the text around a number.

    The questions need no knowledge of a language, so that training in one language helps in the others.
    """
    texts = (embedded.TEXT / f"{language}.txt").read_text(encoding="utf-8").splitlines()[passages]
    paragraphs = [{"context": text, "qas": list(_gaps(f"{language}-{n}", text))} for n, text in enumerate(texts)]
    return {"version": "1.1", "data": [{"title": language, "paragraphs": [p for p in paragraphs if p["qas"]]}]}


def _gaps(name: str, text: str) -> Any:
    for found in NUMBER.finditer(text):
        before, after = text[max(0, found.start() - AROUND) : found.start()], text[found.end() : found.end() + AROUND]
        answers = [{"text": found[0], "answer_start": found.start()}]
        yield {"id": f"{name}-{found.start()}", "question": f"{before} … {after}".strip(), "answers": answers}


def written(folder: Path, name: str, content: Any) -> Path:
    """Write a JSON file, and make its folder if needed."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return file


def cloze_folder(folder: Path, *, train: int, test: int, languages: tuple[str, ...] = ("en", "de")) -> str:
    """A data folder with ``xquad`` in XTREME's layout: at most ``train`` training passages, ``test`` per other set."""
    written(folder, "squad/train-v1.1.json", cloze("en", slice(2 * test, 2 * test + train)))
    written(folder, "squad/dev-v1.1.json", cloze("en", slice(test, 2 * test)))
    for language in languages:
        written(folder, f"xquad/xquad.{language}.json", cloze(language, slice(test)))
    return str(folder)
