"""Where examples and unlabelled text come from: the embedded default, or a directory in XTREME's download layout."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from harness import embedded, files
from harness.errors import UserError, bad
from harness.hashing import digest
from harness.tasks import Examples, task_named


@lru_cache(maxsize=512)
def examples(task: str, data: str, split: str, language: str) -> Examples[Any]:
    """The examples of ``<data>/<task>/<split>-<language>.tsv``, kept in memory for the process's next trials.

    Raises ``UserError`` where the folder or the file is missing or malformed.
    """
    folder = _folder("data", data, embedded.DATA) / task
    if not folder.is_dir():
        raise bad("data", data, f"'embedded' or a directory with a folder {task!r} in it")
    file = folder / f"{split}-{language}.tsv"
    if not file.is_file():
        there = sorted(f.stem.removeprefix(f"{split}-") for f in folder.glob(f"{split}-*.tsv"))
        raise UserError(f"data: {file} does not exist; languages with a {split} file there: {', '.join(there) or 'none'}")
    return Examples(tuple(task_named(task).read(file)))


@lru_cache(maxsize=64)
def passages(text: str, language: str) -> tuple[str, ...]:
    """The unlabelled passages of ``<text>/<language>.txt``, one a line, blank lines left out.

    Raises ``UserError`` where the file is missing or has no text.
    """
    folder = _folder("text", text, embedded.TEXT)
    file = folder / f"{language}.txt"
    if not file.is_file():
        there = ", ".join(sorted(f.stem for f in folder.glob("*.txt"))) or "none"
        raise UserError(f"text: {file} does not exist; languages with text there: {there}")
    lines = tuple(line for line in files.text(files.read(file), str(file)).split("\n") if line.strip())
    if not lines:
        raise UserError(f"text: {file} is empty; give one passage a line")
    return lines


@lru_cache(maxsize=64)
def text_fingerprint(text: str, language: str) -> str:
    """Content hash of a language's passages."""
    return digest(passages(text, language))


def _folder(field: str, place: str, default: Path) -> Path:
    folder = default if place == "embedded" else files.directory(field, place)
    if folder is None:
        raise bad(field, place, "'embedded' or a directory that exists")
    return folder
