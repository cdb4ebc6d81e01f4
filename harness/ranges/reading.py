"""Ranges from any form that a user writes: words, mappings, lists, plain values and Ray Tune's own objects."""

import sys
import typing
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from harness.common import fields
from harness.common.errors import UserError, bad, unknown
from harness.ranges.interval import INTERVALS, SPREADS, Interval, Spread
from harness.ranges.lists import Choice, Constant, GridSearch
from harness.setting import Setting, unknown_field
from harness.setting.warmup import is_share

Range = Interval | Choice | GridSearch | Constant

LISTS = ("choice", "grid_search")
WORDS = (*INTERVALS, *LISTS)
WORD_OF = {spread: word for word, spread in SPREADS.items()}


def space(values: Mapping[str, object]) -> dict[str, Range]:
    """The ranges of some hyperparameters, by field of ``Setting``.

    Raises:
        UserError: A hyperparameter is unknown, a range is invalid, a field of whole numbers gets fractions, or a list
            repeats a value.
    """
    hints = typing.get_type_hints(Setting)
    found: dict[str, Range] = {}
    for name, value in values.items():
        if name not in hints:
            raise unknown_field("hyperparameter", name, hints)
        made = found[name] = range_from(value, name)
        kinds = {hints[name], *typing.get_args(hints[name])}
        if isinstance(made, Interval) and not made.whole and int in kinds and not (made.q or 0.5).is_integer():
            raise bad(name, made, "a range of whole numbers, such as randint(0, 10)")
        if isinstance(made, Choice | GridSearch):
            # 1e-3 and 0.001 are the same value
            same = [
                value if name == "warmup_steps" and is_share(value) else fields.converted(name, value, hints[name])
                for value in made.values
            ]
            fields.once(name, same)
    return found


def range_from(value: object, where: str = "range") -> Range:
    """A range from any of its forms. Raises ``UserError`` that begins with ``where``.

    The forms are:

    - the classes of ``Range``, and Ray Tune's objects;
    - a mapping of one word, such as ``{loguniform: [1e-5, 1e-3]}``;
    - a list, for ``grid_search``;
    - a plain value, for a constant.
    """
    try:
        if isinstance(value, Interval | Choice | GridSearch | Constant):
            return value
        if isinstance(value, Mapping):
            return _from_mapping(value)
        # Ray takes seconds to import, and an object of Ray exists only if Ray has been imported.
        sample = sys.modules.get("ray.tune.search.sample")
        if sample is not None and isinstance(value, sample.Domain):
            return _from_ray(value, sample)
        return GridSearch(tuple(value)) if isinstance(value, list | tuple) else Constant(value)
    except UserError as error:
        raise UserError(f"{where}: {error}") from None


def _from_mapping(mapping: Mapping[Any, Any]) -> Range:
    if len(mapping) != 1:
        raise bad("range", mapping, "a mapping of one word to its arguments, such as {loguniform: [1e-5, 1e-3]}")
    ((word, values),) = mapping.items()
    if word not in WORDS:
        raise unknown("range", word, WORDS)
    if not isinstance(values, list | tuple):
        raise bad(word, values, "a list")
    if word in LISTS:
        return Choice(tuple(values)) if word == "choice" else GridSearch(tuple(values))
    wanted = SPREADS[word].arguments
    given = [*values, 1] if word == "qrandint" and len(values) == 2 else values  # the only word with a default
    if len(given) != len(wanted):
        raise bad(word, values, f"[{', '.join(wanted)}]")
    return Interval(word, *given)


def _from_ray(value: Any, sample: ModuleType) -> Range:
    """A range from a ``Domain`` of the module ``ray.tune.search.sample``."""
    sampler = value.get_sampler()
    if isinstance(value, sample.Categorical):
        return GridSearch(tuple(value.categories)) if value.is_grid() else Choice(tuple(value.categories))
    q = None
    if isinstance(sampler, sample.Quantized):
        q, sampler = sampler.q, sampler.sampler
    bounded = isinstance(value, sample.Float | sample.Integer)
    if not bounded or not isinstance(sampler, sample.Uniform | sample.LogUniform):
        raise bad(
            "range",
            value,
            f"one of {', '.join(WORDS)}: a range without bounds, or a computed one, cannot be drawn ahead",
        )
    spread = Spread(
        whole=isinstance(value, sample.Integer), log=isinstance(sampler, sample.LogUniform), quantised=q is not None
    )
    return Interval(WORD_OF[spread], value.lower, value.upper, q)
