"""Values from the command line, for a study, its settings and its methods."""

import math
import typing
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from harness.common import fields, yaml_files
from harness.common.errors import UserError, bad
from harness.setting import INSTEAD, Setting

T = TypeVar("T")

SWITCHES = {"yes": True, "on": True, "no": False, "off": False}
"""Words for true and false in boolean fields."""


def merged(settings: Sequence[Setting], asked: Mapping[str, str], whose: str, notes: list[str]) -> tuple[Setting, ...]:
    """Settings with changed fields and merged duplicates. A merge adds a line to ``notes``, with ``whose`` first."""
    changed = [_with_fields(setting, asked) for setting in settings]
    found = tuple(dict.fromkeys(changed))
    if len(found) < len(changed):
        notes.append(f"{whose}{len(changed)} settings became {len(found)}, as they differed only in the changed fields")
    return found


def _with_fields(setting: Setting, asked: Mapping[str, str]) -> Setting:
    given = dict(asked)
    for name, other in INSTEAD.items():
        if name in given and other not in given and value_of(Setting, name, given[name]) is not None:
            given[other] = "null"
    given |= {name: _times(setting, name, text) for name, text in given.items() if text.endswith("x")}
    return with_values(setting, given)


def _times(setting: Setting, name: str, text: str) -> str:
    """A setting's number multiplied by a factor such as ``10x``, as text.

    Other text is unchanged.
    """
    own = getattr(setting, name)
    try:
        factor = float(text.removesuffix("x"))
    except ValueError:
        return text
    if isinstance(own, bool) or not isinstance(own, int | float):
        raise bad(name, text, f"a value: the study's value, {fields.short(own)}, cannot be multiplied")
    made = own * factor
    return str(round(made)) if isinstance(own, int) and math.isfinite(made) else f"{made:.6g}"


def with_values(made: T, asked: Mapping[str, str]) -> T:
    """A dataclass with values from the command line in some fields. The dataclass checks the types."""
    return replace(made, **{name: value_of(type(made), name, text) for name, text in asked.items()}) if asked else made  # type: ignore[type-var]


def value_of(cls: type, name: str, text: str) -> Any:
    """The value of a text, as YAML reads it.

    Text fields keep the text itself, because ``no`` may be Norwegian and 123 a name.
    """
    kind = typing.get_type_hints(cls)[name]
    if kind is str or name in ("task", "data"):
        if text == "null":  # None in Python
            raise bad(name, None, "text")
        return text
    if kind is bool and text.lower() in SWITCHES:
        return SWITCHES[text.lower()]
    try:
        return yaml_files.parsed(text, name) if text else text
    except UserError:
        raise bad(name, text, "a value in YAML") from None
