"""The shared part of designs that draw points: it turns numbers in [0, 1) into settings."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from harness.common import fields
from harness.common.errors import bad
from harness.ranges import Choice, Constant, GridSearch, Interval, space
from harness.setting import Setting

MAX_POINTS = 10_000
"""Largest accepted number of points; anything above is treated as a typo."""

Coordinates = Callable[[int, int, int], Iterable[Sequence[float]]]
"""Function from (points, dimensions, seed) to points × dimensions numbers in [0, 1)."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """The number of points, and the seed of the drawing."""

    points: int
    seed: int

    def __post_init__(self) -> None:
        fields.coerce(self)
        fields.at_least("points", self.points, 1)
        fields.at_most("points", self.points, MAX_POINTS)
        fields.at_least("seed", self.seed, 0)


def drawn(
    design: str, coordinates: Coordinates, points: int, seed: int, ranges: dict[str, object]
) -> tuple[Setting, ...]:
    """The settings at the points of ``coordinates``, each once, in the order drawn.

    Points can round to the same setting. That setting is kept once. No new point replaces the lost point, because a new
    point would spoil the spread of the other points. Hyperparameters get their dimensions in alphabetical order, and
    constants get none. So neither the written order nor a changed constant moves a point. Raises ``UserError`` with the
    hyperparameter's name.
    """
    size = Size(points=points, seed=seed)
    constants: dict[str, object] = {}
    varied: dict[str, Interval | Choice] = {}
    for name, made in sorted(space(ranges).items()):
        if isinstance(made, GridSearch):
            raise bad(
                name,
                made,
                f"a range or a choice: {design} draws values; the design 'grid' goes through all of them",
            )
        if isinstance(made, Constant):
            constants[name] = made.value
        else:
            varied[name] = made
    if not varied:
        raise bad(design, ranges, "at least one range, such as learning_rate: {loguniform: [1e-5, 1e-3]}")
    places = coordinates(size.points, len(varied), size.seed)
    chosen = (
        {name: made.at(share) for (name, made), share in zip(varied.items(), place, strict=True)} for place in places
    )
    return tuple(dict.fromkeys(Setting.from_json(constants | values, design) for values in chosen))
