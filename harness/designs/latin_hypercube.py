"""The design ``latin_hypercube``: as many values of every hyperparameter as there are points, evenly spread."""

from random import Random

from harness.designs.drawing import drawn
from harness.setting import Setting


def latin_hypercube(points: int, seed: int, **ranges: object) -> tuple[Setting, ...]:
    """So many settings, of which each hyperparameter has one in every ``1/points`` of its range (McKay, Beckman and
    Conover, 1979).

    ``ranges`` are as in ``random``. A longer design is another one: it shares no point with a shorter one but by
    accident. Where you may want more points later take ``sobol``.
    """
    return drawn("latin_hypercube", coordinates, points, seed, ranges)


def coordinates(points: int, dimensions: int, seed: int) -> list[list[float]]:
    """Numbers in [0, 1), points × dimensions; each dimension has one in every ``1/points``.

    As ``scipy.stats.qmc.LatinHypercube``, from Python's own generator: see ``sobol`` for why.
    """
    generator = Random(seed)
    columns = []
    for _ in range(dimensions):
        order = sorted(range(points), key=[generator.random() for _ in range(points)].__getitem__)
        columns.append([min((stratum + generator.random()) / points, 1 - 2**-53) for stratum in order])
    return [[column[point] for column in columns] for point in range(points)]
