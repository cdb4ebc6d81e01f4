"""The design ``latin_hypercube``: as many values of every hyperparameter as there are points, evenly spread."""

from random import Random

from harness.designs.drawing import drawn
from harness.setting import Setting


def latin_hypercube(points: int, seed: int, **ranges: object) -> tuple[Setting, ...]:
    """Settings at the points of a Latin hypercube (McKay, Beckman and Conover, 1979).

    Each hyperparameter has one value in each of ``points`` equal parts of its range. ``ranges`` are as in ``random``. A
    longer design shares points with a shorter design only by accident. If you may want more points later, use
    ``sobol``.
    """
    return drawn("latin_hypercube", coordinates, points, seed, ranges)


def coordinates(points: int, dimensions: int, seed: int) -> list[list[float]]:
    """Numbers in [0, 1), points × dimensions; each dimension has one in each of ``points`` equal parts.

    As ``scipy.stats.qmc.LatinHypercube``, but with Python's own generator; ``sobol`` gives the reason.
    """
    generator = Random(seed)
    columns = []
    for _ in range(dimensions):
        order = sorted(range(points), key=[generator.random() for _ in range(points)].__getitem__)
        columns.append([min((stratum + generator.random()) / points, 1 - 2**-53) for stratum in order])
    return [[column[point] for column in columns] for point in range(points)]
