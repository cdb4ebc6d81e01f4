"""Checks and conversions that every frozen dataclass of a study shares: each error names the field, the value and what is allowed."""

import dataclasses
import math
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

from harness.errors import UserError, bad, unknown

T = TypeVar("T")


def number(field: str, value: object, *, above: float | None = None, least: float | None = None) -> None:
    """Refuse what is not a finite number above ``above`` or of at least ``least``."""
    bound = f" above {above:g}" if above is not None else f" of at least {least:g}" if least is not None else ""
    ok = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not ok or (above is not None and value <= above) or (least is not None and value < least):  # type: ignore[operator]
        raise bad(field, value, f"a finite number{bound}")


def whole(field: str, value: object, *, least: int) -> None:
    """Refuse what is not a whole number of at least ``least``."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise bad(field, value, f"a whole number of at least {least}")


def choice(field: str, value: object, allowed: tuple[str, ...]) -> None:
    """Refuse what is not one of the names in ``allowed``."""
    if value not in allowed:
        raise unknown(field, value, allowed)


def language(field: str, value: object) -> None:
    """Refuse what is not a language code: letters only, so that a code can never be a path."""
    if not isinstance(value, str) or not value.isascii() or not value.isalpha() or not 2 <= len(value) <= 3:
        raise bad(field, value, "a language code of two or three letters, such as 'de'")


def build(cls: type[T], where: str, values: object) -> T:
    """Make ``cls(**values)``, refusing unknown and missing fields by name; lists become tuples.

    Whole-valued floats such as YAML's ``1e1`` are taken for whole numbers where the field is one, and numbers that YAML reads as text
    (``1e-3`` has no dot) for numbers.
    """
    if not isinstance(values, Mapping):
        raise bad(where, values, "a mapping of field names to values")
    known = {f.name: f for f in dataclasses.fields(cls) if f.init}  # type: ignore[arg-type]
    for name in values:
        if name not in known:
            raise unknown(f"{where}: field", name, known)
    for name, field in known.items():
        if name not in values and field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise UserError(f"{where}: the field {name!r} is missing")
    hints = typing.get_type_hints(cls)
    converted = {name: _convert(value, hints[name]) for name, value in values.items()}
    try:
        return cls(**converted)
    except UserError as error:
        raise UserError(f"{where}: {error}") from None


def _convert(value: Any, hint: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    options = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    if isinstance(value, str) and str not in options and (int in options or float in options):
        try:
            value = float(value)
        except ValueError:
            return value
    if isinstance(value, float) and int in options and float not in options and value.is_integer():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and float in options and int not in options:
        return float(value)
    return value
