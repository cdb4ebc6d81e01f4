"""Checks and conversions of fields, shared by the frozen dataclasses of a study.

Each error names the field, the value and the allowed values.
"""

import dataclasses
import functools
import math
import os
import re
import types
import typing
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, TypeVar

from harness.common.errors import UserError, bad, unknown

T = TypeVar("T")

MAX_EXACT_INTEGER = 2**53
"""Largest n such that a float holds every whole number up to n exactly."""
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3}|-[A-Z]{2})?", re.ASCII)
"""A code such as ``de``. A script (``zh-Hant``) or a country (``zh-TW``) may follow."""


def coerce(instance: Any) -> None:
    """Convert every field of a frozen dataclass to its declared type, or refuse it; called in ``__post_init__``.

    Studies that mean the same become equal, even if they are written differently. A whole number in a float field
    becomes a float, and lists become tuples. Numbers that YAML reads as text (``1e-3`` has no dot) become numbers.
    """
    hints = _hints(type(instance))  # type: ignore[arg-type]  # mypy does not accept a class as hashable
    for field in dataclasses.fields(instance):
        object.__setattr__(
            instance, field.name, converted(field.name, getattr(instance, field.name), hints[field.name])
        )


@functools.cache
def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def build(cls: type[T], where: str, values: object) -> T:
    """Return ``cls(**values)``; refuse unknown and missing fields by name."""
    if not isinstance(values, Mapping):
        raise bad(where, values, "a mapping of field names to values")
    known = {f.name: f for f in dataclasses.fields(cls) if f.init}  # type: ignore[arg-type]
    for name in values:
        if name not in known:
            raise unknown(f"{where}: field", name, known)
    check_present(cls, where, values)
    try:
        return cls(**values)
    except UserError as error:
        raise UserError(f"{where}: {error}") from None


def check_present(cls: type, where: str, values: Mapping[str, object]) -> None:
    """Refuse values that lack required fields of a dataclass. The error names all missing fields."""
    needed = (f for f in dataclasses.fields(cls) if f.init and f.default is f.default_factory is dataclasses.MISSING)
    match [repr(field.name) for field in needed if field.name not in values]:
        case [name]:
            raise UserError(f"{where}: the field {name} is missing")
        case [*names, last]:
            raise UserError(f"{where}: the fields {', '.join(names)} and {last} are missing")


def chosen(instance: Any) -> dict[str, Any]:
    """The fields that differ from their default.

    These fields make up a thing's name and identity. So a new field that has its default value changes neither.
    """
    return {f.name: value for f in dataclasses.fields(instance) if (value := getattr(instance, f.name)) != _default(f)}


def _default(field: "dataclasses.Field[Any]") -> Any:
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()


def above(field: str, value: float, bound: float) -> None:
    """Refuse a value that is not a finite number above ``bound``."""
    if not math.isfinite(value) or value <= bound:
        raise bad(field, value, f"{_kind(value)} above {bound:g}")


def at_least(field: str, value: float, bound: float) -> None:
    """Refuse a value that is not a finite number of at least ``bound``."""
    if not math.isfinite(value) or value < bound:
        raise bad(field, value, f"{_kind(value)} of at least {bound:g}")


def at_most(field: str, value: float, bound: float) -> None:
    """Refuse a value above ``bound``."""
    if value > bound:
        raise bad(field, value, f"a number of at most {short(bound)}")


def _kind(value: float) -> str:
    return "a whole number" if isinstance(value, int) else "a finite number"


def seed(field: str, value: int) -> None:
    """Refuse a value that random generators do not accept as a seed."""
    if not 0 <= value < 2**32:
        raise bad(field, value, "a whole number from 0 to 4294967295")


def exactly_one(**values: float | None) -> None:
    """Refuse fields unless exactly one of them is given."""
    if sum(value is not None for value in values.values()) != 1:
        given = " and ".join(map(repr, values.values()))
        raise UserError(f"{' and '.join(values)}: {given} are not allowed; give exactly one of them")


def share(field: str, value: float) -> None:
    """Refuse a value that is not a number from 0 to below 1."""
    if not 0 <= value < 1:
        raise bad(field, value, "a number from 0 to below 1")


def choice(field: str, value: str, allowed: tuple[str, ...]) -> None:
    """Refuse a value that is not in ``allowed``."""
    if value not in allowed:
        raise unknown(field, value, allowed)


def languages(field: str, values: Sequence[str]) -> None:
    """Refuse an empty list, a repeated code, and values that are not language codes.

    A code has letters and at most one hyphen, so it can never be a path.
    """
    for value in values:
        if not LANGUAGE.fullmatch(value):
            raise bad(field, value, "a language code of two or three small letters, such as 'de'")
    once(field, values)


def once(field: str, values: Sequence[Hashable]) -> None:
    """Refuse an empty list, and a list with a value that occurs twice."""
    if not values:
        raise bad(field, values, "a list with at least one entry")
    if (twice := repeated(values)) is not None:
        raise bad(field, twice, "each entry once")


def repeated(values: Sequence[T]) -> T | None:
    """The first value that repeats an earlier one; ``None`` if all differ."""
    before: set[T] = set()
    for place, value in enumerate(values):
        try:
            known = value in before
            before.add(value)
        except TypeError:  # unhashable, such as a list in YAML
            known = value in values[:place]
        if known:
            return value
    return None


def short(value: Any) -> str:
    """A value in a label: numbers without needless zeros, but different numbers stay different."""
    if isinstance(value, float):
        return f"{value:g}" if float(f"{value:g}") == value else repr(value)
    return "+".join(map(short, value)) if isinstance(value, tuple) else str(value)


def converted(field: str, value: Any, hint: Any) -> Any:
    """A value converted to the declared type of a field; see ``coerce``."""
    if typing.get_origin(hint) in (types.UnionType, typing.Union):  # ``Union`` if a member is ``Own[Any]``
        options = [option for option in typing.get_args(hint) if option is not types.NoneType]
        if value is None and len(options) < len(typing.get_args(hint)):
            return None
        if len(options) > 1:
            return _instance(field, value, tuple(typing.get_origin(option) or option for option in options))
        return converted(field, value, options[0])
    origin = typing.get_origin(hint)
    if origin in (tuple, Sequence):
        if not isinstance(value, list | tuple | range):
            raise bad(field, value, "a list")
        return tuple(converted(field, entry, typing.get_args(hint)[0]) for entry in value)
    if origin is Mapping:
        key, entry = typing.get_args(hint)
        given = _instance(field, value, (Mapping,))
        return {converted(field, name, key): converted(field, held, entry) for name, held in given.items()}
    if hint in (int, float):
        return _number(field, value, hint)
    return _instance(field, value, (origin or hint,))


def _number(field: str, value: Any, kind: type) -> float | int:
    word = "a whole number" if kind is int else "a number"
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise bad(field, value, word)
    try:
        if kind is float:
            return float(value)
        return _whole(value if isinstance(value, int) else float(value))
    except (ValueError, OverflowError):
        raise bad(field, value, word) from None


def _whole(value: float) -> int:
    if not float(value).is_integer() or abs(value) > MAX_EXACT_INTEGER:
        raise ValueError
    return int(value)


def _instance(field: str, value: Any, kinds: tuple[type, ...]) -> Any:
    if not isinstance(value, kinds):
        names: dict[Any, str] = {str: "text", Mapping: "a mapping", bool: "true or false", os.PathLike: "a path"}
        raise bad(field, value, " or ".join(names.get(kind, f"a {kind.__name__}") for kind in kinds))
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:  # YAML and JSON can contain half a surrogate pair, which no file can hold
            raise bad(field, value, "text of whole characters") from None
    return value
