"""The design ``random``: points drawn one by one from the ranges."""

from collections.abc import Iterator
from random import Random

from harness.designs.drawing import drawn
from harness.setting import Setting


def random(points: int, seed: int, **ranges: object) -> tuple[Setting, ...]:
    """Settings drawn independently; a longer design begins with the settings of a shorter one.

    ``ranges`` give each hyperparameter as a range, a choice or a constant, see ``harness.ranges``. ``drawing.drawn``
    explains points that round to the same setting.
    """
    return drawn("random", coordinates, points, seed, ranges)


def coordinates(points: int, dimensions: int, seed: int) -> Iterator[list[float]]:
    """Numbers in [0, 1), points × dimensions.

    Python's own generator promises the same numbers for a seed in every version; NumPy's does not.
    """
    generator = Random(seed)
    for _ in range(points):
        yield [generator.random() for _ in range(dimensions)]
