"""The design ``random``: points drawn one by one from the ranges."""

from collections.abc import Iterator
from random import Random

from harness.designs.drawing import drawn
from harness.setting import Setting


def random(points: int, seed: int, **ranges: object) -> tuple[Setting, ...]:
    """So many settings drawn independently; a longer design begins with the settings of a shorter one.

    ``ranges`` give each hyperparameter in any of the forms of ``harness.ranges``, or a constant. See ``drawing.drawn``
    for points that are the same setting.
    """
    return drawn("random", coordinates, points, seed, ranges)


def coordinates(points: int, dimensions: int, seed: int) -> Iterator[list[float]]:
    """Numbers in [0, 1), points × dimensions.

    Of Python's own generator, which promises the same numbers of a seed in every version; NumPy's does not.
    """
    generator = Random(seed)
    for _ in range(points):
        yield [generator.random() for _ in range(dimensions)]
