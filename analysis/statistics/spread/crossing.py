"""Where functions that grow with the distance from 0 cross 0: a search by secants that halves where those stall."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

NEAREST = 1e-4
"""Distance below which a crossing is not looked for any closer."""
HALVED = 3
"""One of so many steps halves the bracket, as secants stall on a function that has few values."""
OVERSHOT, GROWN = 1.02, 4.0
"""Part by which a line from 0 is overshot where no crossing is bracketed yet, and the most that a distance grows."""


def crossings(
    excess: Callable[[Floats], Floats], at_zero: float, tried: tuple[Floats, ...], *, limit: float, part: float
) -> tuple[Floats, Floats]:
    """Two distances (functions,) for each of some functions: below 0 at the nearer one, and not at the farther one.

    ``excess`` takes a distance for each function and returns the functions' values; ``at_zero`` is that of all at 0.
    The distances in ``tried`` are the first where they lie between what is known, so that a crossing is on the right
    side of these even of a function that does not grow everywhere. The two differ by at most ``part`` of the farther
    one, or by ``NEAREST``. The farther one is infinite where no value below ``limit`` is found.
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
    """The distances to try: on the secant of each bracket, but not so near to an end that it hardly shrinks."""
    bounded = np.isfinite(far)
    with np.errstate(divide="ignore", invalid="ignore"):
        grown = near * (GROWN if halve else np.clip(OVERSHOT * at_zero / (at_zero - below), OVERSHOT, GROWN))
        width = np.where(bounded, far - near, 0)
        secant = 0.5 if halve else np.where(bounded, below / (below - above), 0.5)
        margin = np.where(bounded, np.clip(part * far / width / 2, 0, 0.5), 0.5)
    inner = np.where(bounded, near, 0) + width * np.clip(secant, margin, 1 - margin)
    return np.where(bounded, inner, np.maximum(grown, NEAREST))
