"""Tests at several planned looks: the nominal level of each look that keeps the overall error rate at 5 %.

The *information fraction* t of a look is the share of a study's runs done by then. The statistic there is modelled as
B(t) over √t, with a Brownian motion B: normal, with independent increments. Alpha is spent as by O'Brien and Fleming's
boundaries, nearly nothing early (K. K. G. Lan & D. L. DeMets, 1983, Discrete sequential boundaries for clinical trials,
Biometrika 70:659-663). Levels follow by recursive integration (P. Armitage, C. K. McPherson & B. C. Rowe, 1969,
Repeated significance tests on accumulating data, JRSS A 132:235-244).

``python -m tests.benchmarks.looks`` simulates planned looks with the tests of this package.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

Array = NDArray[np.float64]

ALPHA = 0.05
NODES = 256
"""Number of quadrature nodes over B(t)."""
FARTHEST = 8.5
"""|z| beyond which nothing is integrated: 2e-17 of the normal distribution lies there."""
LEAST = 1e-15
"""Smallest p that ``repeated_p`` resolves."""


def equal(looks: int) -> tuple[float, ...]:
    """Information fractions of equally spaced looks. Raises ``ValueError`` below 1 look."""
    if looks < 1:
        raise ValueError(f"looks must be at least 1, not {looks}")
    return tuple(look / looks for look in range(1, looks + 1))


def spent(fraction: float, alpha: float = ALPHA) -> float:
    """Alpha that may be spent up to an information fraction, over both sides: 4 − 4 Φ(z(1 − α/4) / √t).

    This is Lan and DeMets' α₁* for each side at α/2: 0 at t = 0 and α at t = 1.
    """
    return 4 * float(ndtr(ndtri(alpha / 4) / math.sqrt(fraction))) if fraction > 0 else 0.0


def level(look: int, looks: int, alpha: float = ALPHA) -> float:
    """The nominal two-sided level of one of ``looks`` equally spaced looks, counted from 1.

    Raises ``ValueError`` for a look outside 1 to ``looks``.
    """
    if not 1 <= look <= looks:
        raise ValueError(f"look must be from 1 to {looks}, not {look}")
    return float(levels(equal(looks)[:look], alpha)[look - 1])


def levels(fractions: Sequence[float], alpha: float = ALPHA) -> Array:
    """The nominal two-sided level at each look: a p at or below it is a finding.

    ``fractions`` are the information fractions of the looks so far, in (0, 1] and rising. A level depends on no later
    look. Raises ``ValueError`` for fractions that do not rise, and for an ``alpha`` outside (0, 1].
    """
    return np.array(_levels(_checked(fractions), _share(alpha)))


def repeated_p(p: float, fractions: Sequence[float]) -> float:
    """The repeated p of a nominal p at the last of the looks: the smallest α whose levels make p a finding there.

    A repeated p is compared with 5 %, like any other p. Holm's method may correct repeated p over comparisons. Nominal
    levels must not be divided by the number of comparisons. At a single look at t = 1 the repeated p is ``p`` itself.
    NaN stays NaN. Any p below ``LEAST`` counts as ``LEAST``. Raises ``ValueError`` as ``levels``.

    C. Jennison & B. W. Turnbull, 1999, Group Sequential Methods with Applications to Clinical Trials, chapter 9.
    """
    looks = _checked(fractions)
    if math.isnan(p) or looks == (1.0,):
        return p
    nominal = math.log(max(p, LEAST))

    def beyond(log_alpha: float) -> float:
        return math.log(_levels(looks, math.exp(log_alpha))[-1]) - nominal

    if beyond(0.0) <= 0:
        return 1.0
    # A level never exceeds its α, except by rounding.
    return max(p, math.exp(brentq(beyond, nominal - 0.1, 0.0, xtol=1e-6)))


def chance_of_a_finding(fractions: Sequence[float], at: Sequence[float]) -> float:
    """Probability that p is at most ``at`` at any of the looks if there is no difference.

    Armitage, McPherson and Rowe tabulate it for equally spaced looks at 0.05 each: 0.14 at five, 0.19 at ten. Raises
    ``ValueError`` as ``levels``, and for unequal numbers of fractions and levels.
    """
    looks = _checked(fractions)
    if len(at) != len(looks):
        raise ValueError(f"{len(looks)} looks need {len(looks)} levels, not {len(at)}")
    walk, found = _Walk(), 0.0
    for fraction, nominal in zip(looks, at, strict=True):
        bound = -float(ndtri(nominal / 2))
        found += walk.beyond(fraction, bound)
        walk = walk.within(fraction, bound)
    return found


def _checked(fractions: Sequence[float]) -> tuple[float, ...]:
    found = tuple(float(fraction) for fraction in fractions)
    if not found or not all(low < high for low, high in zip((0.0, *found), found, strict=False)) or found[-1] > 1:
        raise ValueError(f"information fractions must rise from above 0 to at most 1, not {found}")
    return found


def _share(alpha: float) -> float:
    if not 0 < alpha <= 1:
        raise ValueError(f"alpha must be above 0 and at most 1, not {alpha}")
    return alpha


@lru_cache(maxsize=1024)
def _levels(fractions: tuple[float, ...], alpha: float) -> tuple[float, ...]:
    walk, before, found = _Walk(), 0.0, []
    for fraction in fractions:
        total = spent(fraction, alpha)
        bound = walk.bound(fraction, total - before)
        found.append(2 * float(ndtr(-bound)))
        walk, before = walk.within(fraction, bound), total
    return tuple(found)


class _Walk:
    """The distribution of B(t) over the studies without a finding so far.

    It is kept as the density at the nodes times the nodes' quadrature weights.
    """

    def __init__(self, fraction: float = 0.0, nodes: Array | None = None, mass: Array | None = None) -> None:
        self.fraction = fraction
        self.nodes = np.zeros(1) if nodes is None else nodes
        self.mass = np.ones(1) if mass is None else mass

    def beyond(self, fraction: float, bound: float) -> float:
        """Probability that |z| reaches the bound at the next look and not before."""
        step, edge = math.sqrt(fraction - self.fraction), bound * math.sqrt(fraction)
        return float(self.mass @ (ndtr((self.nodes - edge) / step) + ndtr((-self.nodes - edge) / step)))

    def bound(self, fraction: float, alpha: float) -> float:
        """The bound on |z| at the next look that spends this much alpha."""
        if alpha <= self.beyond(fraction, FARTHEST):
            return FARTHEST
        if alpha >= self.beyond(fraction, 0.0):
            return 0.0
        return float(brentq(lambda bound: self.beyond(fraction, bound) - alpha, 0.0, FARTHEST, xtol=1e-10))

    def within(self, fraction: float, bound: float) -> "_Walk":
        """The walk at the next look, restricted to the studies without a finding there."""
        step, edge = math.sqrt(fraction - self.fraction), min(bound, FARTHEST) * math.sqrt(fraction)
        points, weights = _quadrature()
        nodes = edge * points
        apart = (nodes[:, None] - self.nodes) / step
        density = np.exp(-(apart**2) / 2) @ self.mass / (step * math.sqrt(2 * math.pi))
        return _Walk(fraction, nodes, edge * weights * density)


@lru_cache(maxsize=1)
def _quadrature() -> tuple[Array, Array]:
    points, weights = np.polynomial.legendre.leggauss(NODES)
    return points, weights
