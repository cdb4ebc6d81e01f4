"""Unlabelled text by language: embedded, in a folder, in own files, Wikipedia from the hub, or a task's test sets.

A test set gives its texts without their labels.
"""

from collections.abc import Iterable
from functools import lru_cache
from itertools import islice
from pathlib import Path

from harness import embedded
from harness.common import files
from harness.common.errors import UserError, bad
from harness.common.hashing import digest
from harness.data import hub, own_text, reading, wikipedia
from harness.data.origin import EMBEDDED, HUB, TASK, TEXT_WORDS, WIKIPEDIA, Origin
from harness.methods.fisher_estimate import TEXT_COLUMN, Estimate
from harness.tasks import TASKS, task_named

MAX_PASSAGE = 2**16
"""Largest number of characters read of a passage."""


@lru_cache(maxsize=64)
def passages(text: str, language: str, count: int, origin: Origin, column: str = TEXT_COLUMN) -> tuple[str, ...]:
    """The first ``count`` passages in a language, or fewer if there are fewer. Blank passages are left out.

    Raises ``UserError`` if there is no text in the language.

    Args:
        text: ``embedded``, or ``wikipedia`` for the hub's Wikipedia. ``task`` is the test set of ``origin``. A task's
            name stands for its test set at the place of ``origin``. A folder holds ``XX.txt`` files with a passage per
            line, or copies of the hub's Wikipedia. A path with ``{language}`` leads to ``.txt`` files or tables.
        language: The language.
        count: Largest number of passages.
        origin: The origin of the study's data.
        column: Column of the tables with the text.
    """
    found: Iterable[str]
    if files.is_pattern(text):
        found = own_text.passages(text, language, column)
    elif of_task(text):
        read = origin if text == TASK else _other_task(text, origin)
        found = task_named(read.task).passages(reading.examples(read, "test", language).rows)
    elif text == WIKIPEDIA:
        found = wikipedia.streamed(language, count)
    else:
        found = _of_folder(text, language, count)
    chosen = tuple(islice((passage[:MAX_PASSAGE] for passage in found if passage.strip()), count))
    if not chosen:
        raise UserError(f"text: {text!r} has no text for {language!r}; give one passage per line or cell")
    return chosen


def of_task(text: str) -> bool:
    """Whether the text is a task's test set, which depends on the place of the study's data."""
    return text == TASK or text in TASKS


def _other_task(name: str, origin: Origin) -> Origin:
    revision = hub.revision(task_named(name)) if origin.place == HUB else ""
    return Origin(name, origin.place, revision)


def fingerprints(estimate: Estimate, origin: Origin) -> dict[str, str]:
    """Content hash of the passages that an estimate may read, by language. Raises ``UserError`` for a language without
    text.
    """
    text, place = estimate.text, origin if of_task(estimate.text) else Origin("", "")
    return {
        language: digest(passages(text, language, count, place, estimate.column))
        for language, count in estimate.shares.items()
    }


def _of_folder(text: str, language: str, count: int) -> list[str]:
    folder = embedded.TEXT if text == EMBEDDED else files.directory("text", text)
    if folder is None:
        raise bad(
            "text",
            text,
            f"{', '.join(map(repr, TEXT_WORDS))}, a path with {files.LANGUAGE} in it, or a folder that exists",
        )
    file = folder / f"{language}.txt"
    if file.is_file():
        return _lines(file)
    copied = wikipedia.copied(folder, language, count)
    if copied is None:
        there = ", ".join(sorted(f.stem for f in folder.glob("*.txt"))) or "none"
        raise UserError(f"text: {file} does not exist; languages with text there: {there}")
    return copied


def _lines(file: Path) -> list[str]:
    lines = [line for _, line in files.lines(file)]
    if not any(line.strip() for line in lines):
        raise UserError(f"text: {file} is empty; give one passage a line")
    return lines
