"""The design ``sobol``: points that fill the ranges evenly, for any number of points."""

from collections.abc import Iterator
from random import Random

from harness.designs.drawing import drawn
from harness.setting import Setting

BITS = 30
"""Binary digits of a coordinate, scipy's default."""
DIRECTIONS: tuple[tuple[int, tuple[int, ...]], ...] = (
    (1, (1,)),
    (3, (1,)),
    (7, (1, 3)),
    (11, (1, 3, 1)),
    (13, (1, 1, 1)),
    (19, (1, 1, 3, 3)),
    (25, (1, 3, 5, 13)),
    (37, (1, 1, 5, 5, 17)),
    (41, (1, 1, 5, 5, 5)),
    (47, (1, 1, 7, 11, 19)),
    (55, (1, 1, 5, 1, 1)),
    (59, (1, 1, 1, 3, 11)),
    (61, (1, 3, 5, 5, 31)),
    (67, (1, 3, 3, 9, 7, 49)),
    (91, (1, 1, 1, 15, 21, 21)),
    (97, (1, 3, 1, 13, 27, 49)),
    (103, (1, 1, 1, 15, 7, 5)),
    (109, (1, 3, 1, 15, 13, 25)),
    (115, (1, 1, 5, 5, 19, 61)),
    (131, (1, 3, 7, 11, 23, 15, 103)),
    (137, (1, 3, 7, 13, 13, 15, 69)),
    (143, (1, 1, 3, 13, 7, 35, 63)),
    (145, (1, 3, 5, 9, 1, 25, 53)),
    (157, (1, 3, 1, 13, 9, 35, 107)),
    (167, (1, 3, 1, 5, 27, 61, 31)),
    (171, (1, 1, 5, 11, 19, 41, 61)),
    (185, (1, 3, 5, 3, 3, 13, 69)),
    (191, (1, 1, 7, 13, 1, 19, 1)),
    (193, (1, 3, 7, 5, 13, 19, 59)),
    (203, (1, 1, 3, 9, 25, 29, 41)),
    (211, (1, 3, 5, 13, 23, 1, 55)),
    (213, (1, 3, 7, 3, 13, 59, 17)),
    (229, (1, 3, 1, 3, 5, 53, 69)),
    (239, (1, 1, 5, 5, 23, 33, 13)),
    (241, (1, 1, 7, 7, 1, 61, 123)),
    (247, (1, 1, 7, 9, 13, 61, 49)),
    (253, (1, 3, 3, 5, 3, 55, 33)),
    (285, (1, 3, 1, 15, 31, 13, 49, 245)),
    (299, (1, 3, 5, 15, 31, 59, 63, 97)),
    (301, (1, 3, 1, 11, 11, 11, 77, 249)),
)
"""Primitive polynomial (its coefficients as bits) and first direction numbers, by dimension.

From S. Joe and F. Y. Kuo, "Constructing Sobol sequences with better two-dimensional projections", SIAM J. Sci. Comput.
30 (2008). There are more dimensions than hyperparameters.
"""


def sobol(points: int, seed: int, **ranges: object) -> tuple[Setting, ...]:
    """Settings of a scrambled Sobol sequence; a longer design begins with the settings of a shorter one.

    ``ranges`` are as in ``random``. Powers of two (2, 4, 8, 16…) are best: then every half, quarter, eighth… of each
    range has equally many points. With other numbers some parts have one point more, a small loss of balance.
    """
    return drawn("sobol", coordinates, points, seed, ranges)


def coordinates(points: int, dimensions: int, seed: int) -> Iterator[list[float]]:
    """Numbers in [0, 1), points × dimensions, of the Sobol sequence with scipy's scrambling.

    The scrambling is a random linear matrix and a digital shift (Matoušek, 1998). Without it the numbers equal
    ``scipy.stats.qmc.Sobol`` to the bit. scipy's class is not used for two reasons. It takes a second to import, too
    long for a list of studies. Its scrambling depends on NumPy's generators, which may change between versions, so that
    a longer design would run everything again. The ``QMCSampler`` of optuna draws from scipy's class, and takes its
    first point from elsewhere.
    """
    generator = Random(seed)
    scrambled = [_scrambled(_directions(dimension), generator) for dimension in range(dimensions)]
    place = [_bits(generator, BITS) for _ in range(dimensions)]
    return _sequence(scrambled, place, points)


def _sequence(directions: list[list[int]], place: list[int], points: int) -> Iterator[list[float]]:
    """The points from the point ``place`` on, in Gray-code order: each step changes a coordinate by one direction."""
    for number in range(1, points + 1):
        yield [digits / 2**BITS for digits in place]
        turned = (number & -number).bit_length() - 1
        place = [digits ^ direction[turned] for digits, direction in zip(place, directions, strict=True)]


def _directions(dimension: int) -> list[int]:
    """The direction numbers of a dimension, with the first binary digit highest.

    They follow the recurrence of Bratley and Fox (1988).
    """
    polynomial, first = DIRECTIONS[dimension]
    degree = polynomial.bit_length() - 1
    numbers = list(first)
    while len(numbers) < BITS:
        number = numbers[len(numbers) - degree] if degree else 1
        for step in range(1, degree + 1):
            if polynomial >> (degree - step) & 1:
                number ^= numbers[-step] << step
        numbers.append(number)
    return [number << (BITS - 1 - place) for place, number in enumerate(numbers)]


def _scrambled(directions: list[int], generator: Random) -> list[int]:
    """The direction numbers times a random lower triangular matrix of bits: some higher digits are added to a digit."""
    rows = [1 << (BITS - 1 - place) | _bits(generator, place) << (BITS - place) for place in range(BITS)]
    return [
        sum(((row & number).bit_count() & 1) << (BITS - 1 - place) for place, row in enumerate(rows))
        for number in directions
    ]


def _bits(generator: Random, count: int) -> int:
    """``count`` random bits from ``random()``, the only method of Python's generator that never changes."""
    return int(generator.random() * 2**count)
