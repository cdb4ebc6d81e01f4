"""The design ``sobol``: points that fill the ranges evenly, however many they are."""

from collections.abc import Iterator
from random import Random

from harness.designs.drawing import drawn
from harness.setting import Setting

BITS = 30
"""Binary digits of a coordinate, as scipy has by default."""
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
)
"""Of each dimension the primitive polynomial, its coefficients as bits, and the first direction numbers: S. Joe and F.
Y. Kuo, "Constructing Sobol sequences with better two-dimensional projections", SIAM J. Sci. Comput. 30 (2008). There
are more dimensions than hyperparameters."""


def sobol(points: int, seed: int, **ranges: object) -> tuple[Setting, ...]:
    """So many settings of a scrambled Sobol sequence; a longer design begins with the settings of a shorter one.

    ``ranges`` are as in ``random``. Best are 2, 4, 8, 16… points: then every half, quarter, eighth… of each range has
    equally many. With other numbers of points some parts have one more than others, which harms little but loses that
    balance.
    """
    return drawn("sobol", coordinates, points, seed, ranges)


def coordinates(points: int, dimensions: int, seed: int) -> Iterator[list[float]]:
    """Numbers in [0, 1), points × dimensions, of the sequence scrambled as scipy does: a random linear matrix, and a
    digital shift (Matoušek, 1998).

    Without the scrambling they are the numbers of ``scipy.stats.qmc.Sobol``, to the bit. That one takes a second to
    import, which is too long for a list of studies, and its scrambling hangs on NumPy's generators, which may change
    between versions: a longer design would then run everything again. optuna's ``QMCSampler`` draws from scipy's, and
    its first point from elsewhere.
    """
    generator = Random(seed)
    scrambled = [_scrambled(_directions(dimension), generator) for dimension in range(dimensions)]
    place = [_bits(generator, BITS) for _ in range(dimensions)]
    return _sequence(scrambled, place, points)


def _sequence(directions: list[list[int]], place: list[int], points: int) -> Iterator[list[float]]:
    """The points from a first one on, in the order of the Gray code: each differs from the one before in one
    direction."""
    for number in range(1, points + 1):
        yield [digits / 2**BITS for digits in place]
        turned = (number & -number).bit_length() - 1
        place = [digits ^ direction[turned] for digits, direction in zip(place, directions, strict=True)]


def _directions(dimension: int) -> list[int]:
    """The direction numbers of a dimension by the recurrence of Bratley and Fox (1988), the first binary digit being
    the highest."""
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
    """The direction numbers times a random lower triangular matrix of bits: a digit gets some of the digits above it
    added."""
    rows = [1 << (BITS - 1 - place) | _bits(generator, place) << (BITS - place) for place in range(BITS)]
    return [
        sum(((row & number).bit_count() & 1) << (BITS - 1 - place) for place, row in enumerate(rows))
        for number in directions
    ]


def _bits(generator: Random, count: int) -> int:
    """So many random bits, of ``random()``: of Python's methods the one that never changes."""
    return int(generator.random() * 2**count)
