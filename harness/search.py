"""A search for each method's best hyperparameters, as a study describes it. Imports neither torch, Ray nor optuna."""

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from harness import ranges
from harness.common import fields
from harness.common.errors import UserError, bad
from harness.ranges import Choice, Interval
from harness.setting import INSTEAD, MAX_TRIALS, Setting, unknown_field

MAX_CORNERS = 1024
"""Largest number of a space's corners, and of a range's whole numbers, that are checked before a search."""
MAX_REDUCTION, MAX_RUNGS = 100, 20
"""Largest accepted values. With larger values, the first rungs of most trainings would be the first step."""


@dataclass(frozen=True, kw_only=True)
class Search:
    """A search. It draws settings from ranges one after another, guided by the source's dev scores so far.

    Every method is searched separately with the same number of trials, at its first seed. Trials are drawn by TPE
    (Bergstra et al., 2011) and stopped early by ASHA (Li et al., 2020). At each rung only the best ``1 / reduction`` of
    the trials that have reached it continue.
    """

    space: Mapping[str, Interval | Choice]
    """Ranges by field of ``Setting``, in the forms of ``harness.ranges``.

    Fixed values, lists of a grid and logarithmic ranges with ``q`` are refused.
    """
    trials: int
    """Number of settings tried for each method, including trials that are stopped early."""
    seed: int = 0
    """Seed of the sampler."""
    reduction: int = 3
    """One in this many trials continues beyond a rung."""
    rungs: int = 3
    """Number of dev scores of a trial that trains to the end.

    The trial is scored after all its steps, after the ``reduction``-th part of them, and so on. With 1 no trial is
    stopped.
    """

    def __post_init__(self) -> None:
        if not isinstance(self.space, Mapping) or not self.space:
            raise bad(
                "space",
                self.space,
                "ranges of at least one hyperparameter, such as {learning_rate: {loguniform: [1e-4, 1e-2]}}",
            )
        found = ranges.space(self.space)
        for name, made in found.items():
            if not isinstance(made, Interval | Choice):
                raise bad(
                    name,
                    self.space[name],
                    "a range, or choice([…]): a fixed value belongs in the study's setting",
                )
            if isinstance(made, Interval) and made.log and made.q is not None:
                raise bad(name, made, "a logarithmic range without q: the sampler does not offer both at once")
        object.__setattr__(self, "space", found)
        fields.coerce(self)
        if {*INSTEAD} <= {*found}:
            raise UserError(f"space: {' and '.join(INSTEAD)} are not allowed together; give one of them")
        fields.at_least("trials", self.trials, 1)
        fields.at_most("trials", self.trials, MAX_TRIALS)
        fields.seed("seed", self.seed)
        fields.at_least("reduction", self.reduction, 2)
        fields.at_most("reduction", self.reduction, MAX_REDUCTION)
        fields.at_least("rungs", self.rungs, 1)
        fields.at_most("rungs", self.rungs, MAX_RUNGS)

    @classmethod
    def from_json(cls, values: object, where: str = "search") -> "Search":
        """A search from its YAML or JSON form, with the ranges under ``space`` or beside the other fields.

        Raises ``UserError`` with the field.
        """
        if isinstance(values, Search):
            return values
        if not isinstance(values, Mapping):
            raise bad(where, values, "a mapping of hyperparameters to ranges, with 'trials'")
        own = cls.__dataclass_fields__
        for name in values:
            if name not in own and name not in Setting.__dataclass_fields__:
                raise unknown_field(f"{where}: hyperparameter", name, (*own, *Setting.__dataclass_fields__))
        beside = {name: value for name, value in values.items() if name not in own}
        if "space" in values and beside:
            raise UserError(
                f"{where}: {', '.join(beside)} must not stand beside 'space'; put all ranges under 'space', or none"
            )
        rest = {name: value for name, value in values.items() if name in own}
        return fields.build(cls, where, {"space": beside, **rest})

    def to_json(self) -> dict[str, Any]:
        """The form that ``from_json`` reads."""
        own = {name: getattr(self, name) for name in ("trials", "seed", "reduction", "rungs")}
        return {"space": {name: made.to_json() for name, made in self.space.items()}, **own}

    def setting(self, base: Setting, values: Mapping[str, Any]) -> Setting:
        """The study's setting with values of the space, rounded as designs round their values."""
        given: dict[str, Any] = {}
        for name, value in values.items():
            made = self.space[name]
            given[name] = made.rounded(value) if isinstance(made, Interval) else value
            if name in INSTEAD:
                given[INSTEAD[name]] = None
        return replace(base, **given)

    def point(self, base: Setting, setting: Setting) -> dict[str, Any] | None:
        """The point of the space for a setting, or ``None``.

        There is none if the setting lies outside the ranges, or differs from ``base`` in another field.
        """
        found: dict[str, Any] = {}
        for name, made in self.space.items():
            value = getattr(setting, name)
            if value is None:
                return None
            if isinstance(made, Choice):
                same = [entry for entry in made.values if getattr(self.setting(base, {name: entry}), name) == value]
                if not same:
                    return None
                found[name] = same[0]
            else:
                last = made.at(1.0) if made.whole else made.upper
                if not made.lower <= value <= last or (
                    made.q is not None and not math.isclose(value, round(value / made.q) * made.q)
                ):
                    return None
                found[name] = value
        return found if self.setting(base, found) == setting else None

    def corners(self, base: Setting) -> list[Setting]:
        """The settings at the ends of all ranges and at all values of choices, at most ``MAX_CORNERS``.

        A check of these settings finds refusals that would otherwise stop a running search.
        """
        ends = [
            made.values if isinstance(made, Choice) else (made.at(0.0), made.at(1.0)) for made in self.space.values()
        ]
        points = itertools.islice(itertools.product(*ends), MAX_CORNERS)
        return [self.setting(base, dict(zip(self.space, point, strict=True))) for point in points]

    def check(self, base: Setting) -> None:
        """Refuse a range with a whole number that the setting cannot have, among the first ``MAX_CORNERS`` numbers.

        An example is a batch that its micro-batches do not divide.
        """
        for name, made in self.space.items():
            if isinstance(made, Interval) and made.whole:
                step = int(made.q or 1)
                for value in itertools.islice(range(int(made.at(0.0)), int(made.at(1.0)) + 1, step), MAX_CORNERS):
                    self.setting(base, {name: value})

    def steps(self, total: int) -> dict[int, int]:
        """The steps at which a trial of ``total`` steps is scored, each with its rung, counted from 1.

        The last rung is the end of the training. If several rungs fall on one step, the last of them counts.
        """
        return {-(-total // self.reduction ** (self.rungs - rung)): rung for rung in range(1, self.rungs + 1)}
