"""These helpers make questions in SQuAD's format out of the shipped text."""

import json
import re
from pathlib import Path
from typing import Any

from harness import embedded

AROUND = 40
"""Characters on either side of a number that make a question of it."""
NUMBER = re.compile(r"\d+")


def squad(*questions: tuple[str, str, list[tuple[str, int]]], context: str = "") -> dict[str, Any]:
    """This is SQuAD's JSON of one context: id, question, and answers with their starts."""
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
    """These questions ask for the numbers in some passages of the shipped text: the text around each, without it.

    A question needs no knowledge of a language, so that what is learnt in one carries over to others.
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
    """This is a JSON file in a folder that is made where there is none."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return file


def cloze_folder(folder: Path, *, train: int, test: int, languages: tuple[str, ...] = ("en", "de")) -> str:
    """This data folder has ``xquad`` in XTREME's layout, of so many passages for training and for each test set."""
    written(folder, "squad/train-v1.1.json", cloze("en", slice(2 * test, 2 * test + train)))
    written(folder, "squad/dev-v1.1.json", cloze("en", slice(test, 2 * test)))
    for language in languages:
        written(folder, f"xquad/xquad.{language}.json", cloze(language, slice(test)))
    return str(folder)
