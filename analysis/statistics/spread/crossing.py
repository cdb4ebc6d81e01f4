"""Zero crossings of functions that grow with the distance from 0: a secant search with a bisection every third step."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

NEAREST = 1e-4
"""Width below which a bracket is not refined."""
HALVED = 3
"""Every third step bisects the bracket, because secants stall on a function with few distinct values."""
OVERSHOT, GROWN = 1.02, 4.0
"""Before a crossing is bracketed: factor by which a step exceeds the zero of the secant from distance 0, and largest
growth of a distance."""


def crossings(
    excess: Callable[[Floats], Floats], at_zero: float, tried: tuple[Floats, ...], *, limit: float, part: float
) -> tuple[Floats, Floats]:
    """Bracket the zero crossing of each function by two distances (functions,).

    A function is below 0 at the nearer distance, and not at the farther distance.

    The two distances differ by at most ``part`` of the farther, or by ``NEAREST``. The farther distance is infinite if
    the search reaches ``limit`` before a crossing.

    Args:
        excess: maps a distance for each function to the functions' values.
        at_zero: value of all functions at 0.
        tried: distances to try first, if they lie inside the bracket. The crossing then lies beyond a tried
            distance exactly if the function is below 0 there, even if it does not grow everywhere.
        limit: distance beyond which the search stops.
        part: relative precision.
    """
    near, far = np.zeros_like(tried[0]), np.full_like(tried[0], np.inf)
    below, above = np.full_like(near, at_zero), np.full_like(near, np.nan)
    turn = 0
    while (np.isinf(far) & (near < limit) | (np.isfinite(far) & (far - near > np.maximum(part * far, NEAREST)))).any():
        step = _next(near, far, below, above, at_zero, part, halve=turn % HALVED == HALVED - 1)
        if turn < len(tried):
            step = np.where((near < tried[turn]) & (tried[turn] < far), tried[turn], step)
        found = excess(step)
        out = found >= 0
        near, below = np.where(out, near, step), np.where(out, below, found)
        far, above = np.where(out, step, far), np.where(out, found, above)
        turn += 1
    return near, far


def _next(
    near: Floats, far: Floats, below: Floats, above: Floats, at_zero: float, part: float, *, halve: bool
) -> Floats:
    """The next distances: on the secant of each bracket, but far enough from both ends that the bracket shrinks."""
    bounded = np.isfinite(far)
    with np.errstate(divide="ignore", invalid="ignore"):
        grown = near * (GROWN if halve else np.clip(OVERSHOT * at_zero / (at_zero - below), OVERSHOT, GROWN))
        width = np.where(bounded, far - near, 0)
        secant = 0.5 if halve else np.where(bounded, below / (below - above), 0.5)
        margin = np.where(bounded, np.clip(part * far / width / 2, 0, 0.5), 0.5)
    inner = np.where(bounded, near, 0) + width * np.clip(secant, margin, 1 - margin)
    return np.where(bounded, inner, np.maximum(grown, NEAREST))
