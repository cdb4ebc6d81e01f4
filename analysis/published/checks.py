"""Whether the paper's figures agree with one another, and its sentences with its figures: ``checks`` and
``disagreements``.

A figure printed with two decimals is known to within half of the last one. What follows from such figures is an
interval, and so is the figure that it is compared with; the verdict says how they lie:

- ``agrees``: what follows from the figures as printed, rounded, is what is printed (or a sentence is true of the
  figures);
- ``within rounding``: it is not, but the unrounded figures can be such that it would be;
- ``odd``: no contradiction, but not what the paper's own account leads one to expect, or a sign of a slip that the
  figures cannot settle;
- ``disagrees``: no unrounded figures make it true.

Whether the paper's results are right is not asked here. Its counts that no table bears out or refutes ("500+
experiments") are left out.
"""

from dataclasses import asdict
from functools import cache

import pandas as pd

from analysis.published import arithmetic, sentences
from analysis.published.check import DISAGREES, ODD, Check


def checks() -> pd.DataFrame:
    """All checks, one row each: where, what, printed, follows, difference, verdict, note (all text; see ``Check``)."""
    return pd.DataFrame([asdict(check) for check in _checks()])


@cache
def _checks() -> tuple[Check, ...]:
    """The checks as objects. The paper's tables do not change, and every report with a paper's study lists them."""
    return tuple(check for module in (arithmetic, sentences) for check in module.checks())


def disagreements() -> pd.DataFrame:
    """The checks whose verdict is ``disagrees`` or ``odd``, with ``checks``' columns, the disagreements first."""
    found = checks()
    return pd.concat([found[found["verdict"] == verdict] for verdict in (DISAGREES, ODD)], ignore_index=True)
