"""Comparison of a statement in the paper with the paper's own figures."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

AGREES, ROUNDING, ODD, DISAGREES = "agrees", "within rounding", "odd", "disagrees"
HALF = 0.005
"""Half of the last printed decimal of scores and standard deviations."""
SLACK = 1e-9


@dataclass(frozen=True)
class Check:
    """A statement and its counterpart from the figures, both as text.

    ``where`` names sections and tables of the paper, ``what`` the subject of the statement. ``printed`` is the paper's
    number or list, ``follows`` the counterpart. ``analysis.published.checks`` explains the verdicts.
    """

    where: str
    what: str
    printed: str
    follows: str
    difference: str
    """Printed minus the counterpart; empty if the two agree or are not numbers."""
    verdict: str
    note: str = ""


def number(
    where: str, what: str, printed: str, follows: float, either_way: tuple[float, float] = (0, 0), note: str = ""
) -> Check:
    """A printed number and its counterpart from the figures as printed.

    ``either_way`` is the largest rounding error of the counterpart: below it, and above it.
    """
    places = len(printed.partition(".")[2])
    half, value = 0.5 * 10.0**-places, float(printed)
    low, high = follows - either_way[0], follows + either_way[1]
    if Decimal(repr(round(float(follows), 9))).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP) == Decimal(printed):
        return Check(where, what, printed, f"{follows:.{places}f}", "", AGREES, note)
    verdict = ROUNDING if low - SLACK <= value + half and value - half <= high + SLACK else DISAGREES
    places = max(places + 1, 2)
    return Check(where, what, printed, f"{follows:.{places}f}", f"{value - follows:+.{places}f}", verdict, note)


def sets(where: str, what: str, said: set[str], found: set[str], note: str = "") -> Check:
    """A statement on the set of languages, methods or tasks with some property."""
    return Check(where, what, _list(said), _list(found), "", AGREES if said == found else DISAGREES, note)


def count(where: str, what: str, printed: int, follows: int, note: str = "") -> Check:
    """A statement on a number of things."""
    same = printed == follows
    return Check(
        where,
        what,
        str(printed),
        str(follows),
        "" if same else f"{printed - follows:+d}",
        AGREES if same else DISAGREES,
        note,
    )


def _list(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "none"
