"""``list``: the studies, methods, tasks and designs that ship with steadytune, and the encoders of these studies."""

import argparse
import dataclasses
import inspect
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from harness.cli.commands import exit_codes
from harness.common.console import aligned
from harness.common.errors import unknown

if TYPE_CHECKING:
    from harness.study import Study

WIDTH = 80
KINDS = ("methods", "tasks", "encoders", "designs")


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command and its options."""
    command = commands.add_parser(
        "list",
        help="list shipped studies, methods, tasks or designs, or the studies' encoders",
        description="List the shipped studies by name, with number of trials, part of the paper and question. Or "
        "list methods or designs with options and defaults, tasks with metric and languages, or encoders.",
    )
    command.add_argument(
        "what",
        nargs="?",
        default="",
        metavar="PREFIX",
        help="the first letters of studies' names, or 'methods', 'tasks', 'encoders' or 'designs'",
    )
    command.set_defaults(command=list_studies)


def list_studies(options: argparse.Namespace) -> int:
    listed = {"methods": _methods, "tasks": _tasks, "encoders": _encoders, "designs": _designs}
    print(*(listed[options.what]() if options.what in listed else _studies(options.what)), sep="\n")
    return exit_codes.OK


def _studies(prefix: str) -> list[str]:
    import search_spaces

    names = [name for name in search_spaces.names() if name.startswith(prefix)]
    if not names:
        raise unknown("list", prefix, {*search_spaces.names(), *KINDS}, listed="'steadytune list'")
    studies = [search_spaces.load(name) for name in names]
    rows = aligned([[study.name, f"{_trials(study)} trials", study.reproduces] for study in studies], right=[1])
    return [line for row, study in zip(rows, studies, strict=True) for line in (row, *_indented(study.question))]


def _methods() -> Iterable[str]:
    from harness.methods import METHODS

    for name, method in METHODS.items():
        yield name
        yield from _indented(_summary(method))
        values = {
            field.name: _default(field)
            for field in dataclasses.fields(method)
            if field.init and not field.name.startswith("_")
        }
        yield from _indented(_options(values))


def _default(field: "dataclasses.Field[Any]") -> Any:
    return field.default_factory() if field.default_factory is not dataclasses.MISSING else field.default


def _designs() -> Iterable[str]:
    from harness.designs import DESIGNS

    for name, design in DESIGNS.items():
        parameters = inspect.signature(design).parameters.values()
        values = {one.name: one.default for one in parameters if one.kind is not one.VAR_KEYWORD}
        values |= {f"each {one.name.rstrip('s')}": one.default for one in parameters if one.kind is one.VAR_KEYWORD}
        yield name
        yield from _indented(_summary(design))
        yield from _indented(_options(values))


def _summary(thing: object) -> str:
    """The first paragraph of a docstring."""
    return (inspect.getdoc(thing) or "").partition("\n\n")[0].replace("``", "")


def _options(values: dict[str, Any]) -> str:
    """Options with their defaults, e.g. ``options: strength (needed), languages = en de``."""
    missing = (dataclasses.MISSING, inspect.Parameter.empty)
    shown = [f"{name} (needed)" if value in missing else f"{name} = {_shown(value)}" for name, value in values.items()]
    return f"options: {', '.join(shown) or 'none'}"


def _shown(value: Any) -> str:
    if isinstance(value, tuple | list):
        return " ".join(map(str, value)) or "none"
    return "none" if value is None or value == "" else str(value)


def _tasks() -> Iterable[str]:
    from harness.tasks import TASKS

    for name, task in TASKS.items():
        yield f"{name}: {task.metric}" + (f", data set {task.hub} on the hub" if task.hub else "")
        yield from _indented(f"{len(task.languages)} languages: {' '.join(task.languages)}")


def _encoders() -> Iterable[str]:
    import search_spaces

    counts: dict[str, int] = {}
    for name in search_spaces.names():
        encoder = search_spaces.load(name).encoder
        counts[encoder] = counts.get(encoder, 0) + 1
    yield from aligned([[name, f"in {count} studies"] for name, count in sorted(counts.items())])
    yield from textwrap.wrap(
        "An encoder on the hub or in a folder works if transformers has the encoder's model with the task's head. "
        "'embedded' ships with steadytune.",
        WIDTH,
    )


def _indented(text: str) -> Sequence[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False)


def _trials(study: "Study") -> int:
    """The number of a study's trials; for a search, the number of trials in its budget."""
    return sum(1 for _ in study.runs()) if study.search is None else study.search.trials * len(study.methods)
