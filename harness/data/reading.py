"""Examples from their origin: embedded, in XTREME's download layout, on the hub, in a copy on disk, or in own files."""

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from harness import embedded
from harness.common import files, sources
from harness.common.errors import UserError, bad, reason
from harness.data import hub, own
from harness.data.origin import HUB, Origin
from harness.tasks import Examples, Own, Task, task_named
from harness.tasks.base import Noted


@lru_cache(maxsize=512)
def examples(origin: Origin, split: str, language: str) -> Examples[Any]:
    """The examples of a split (train, dev or test) and language, the same from every origin.

    Raises ``UserError`` if examples are missing or malformed. The examples are cached for the process's next trials.
    """
    task = task_named(origin.task)
    try:
        rows = _rows(task, origin, split, language)
        found = Examples(tuple(rows), getattr(rows, "notes", ()))
        assert found.fingerprint  # a user's own task may return values that cannot be hashed
    except UserError:
        raise
    except Exception as error:
        what = f"the {split} examples of the task {task.name!r} in {language!r}"
        raise UserError(f"data: {what} cannot be read: {type(error).__name__}: {reason(error)}") from None
    return found


def with_labels(origin: Origin, source: str) -> Origin:
    """The origin, with the labels and the fingerprint of a task that the study describes.

    If the study gives no labels, the labels come from the training data.
    """
    if not isinstance(origin.task, Own):
        return origin
    task = origin.task.with_labels_of(examples(origin, "train", source).rows)
    return replace(origin, task=task, code=task.fingerprint)


def _rows(task: Task[Any], origin: Origin, split: str, language: str) -> Iterable[Any]:
    if sources.is_several(language):
        found = [examples(origin, split, part) for part in sources.parts(language)]
        return Noted([row for part in found for row in part.rows], tuple(note for part in found for note in part.notes))
    if isinstance(task, Own):
        return own.rows(task, origin, split, language)
    if not isinstance(origin.place, str):
        raise UserError(f"data: data of your own need a task with a 'kind', not the task {task.name!r}")
    if origin.place == HUB:
        return hub.downloaded(task, origin.revision, split, language)
    folder = embedded.DATA if origin.place == "embedded" else files.directory("data", origin.place)
    if folder is None:
        raise bad("data", origin.place, f"'embedded', '{HUB}' or a folder that exists")
    if (folder / task.name).is_dir() and not hub.is_copy(folder / task.name):
        return task.read(_file(task, folder, split, language))
    copied = hub.copied(task, folder, split, language) if task.hub else None
    if copied is not None:
        return copied
    if origin.place == "embedded":
        there = ", ".join(sorted(found.name for found in folder.iterdir()))
        places = f"a folder or '{HUB}'" if task.hub else "a folder"
        raise bad("data", origin.place, f"{places} for the task {task.name!r}; only {there} may be embedded")
    raise bad("data", origin.place, f"a folder with {_expected(task, split, language)}")


def _expected(task: Task[Any], split: str, language: str) -> str:
    layout = f"a folder {task.name!r} in it (XTREME's download layout)"
    return f"{layout} or a copy of the hub's {task.hub} ({task.hub_part(split, language)[0]!r})" if task.hub else layout


def _file(task: Task[Any], folder: Path, split: str, language: str) -> Path:
    first, *others = (folder / name for name in task.files(split, language))
    found = [first] if first.is_file() else [file for file in others if file.is_file()]
    if len(found) > 1:
        names = " and ".join(file.name for file in found)
        raise UserError(f"data: {found[0].parent} has {names}; leave one of them there")
    if not found:
        codes = (code for code in task.languages if any((folder / name).is_file() for name in task.files(split, code)))
        there = ", ".join(sorted(codes)) or "none"
        # Leave out names that differ only in the suffix.
        nor = ", ".join(str(file.relative_to(folder)) for file in others if file.stem != first.stem)
        also = f" (nor {nor})" if nor else ""
        choose = "; choose some as targets (--languages)" if split == "test" and there != "none" else ""
        raise UserError(f"data: {first} does not exist{also}; languages with a {split} file there: {there}{choose}")
    return found[0]
