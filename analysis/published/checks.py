"""Checks of the paper's figures against one another, and of its sentences against its figures.

A figure printed with two decimals is known to within half of the last decimal. The figure is therefore an interval,
and so is its counterpart computed from such figures. The verdict says how the two intervals lie:

- ``agrees``: the counterpart from the figures as printed, once rounded, equals the printed number; or the figures make
  the sentence true;
- ``within rounding``: the two differ as printed, but some unrounded figures make them equal;
- ``odd``: no contradiction, but a surprise given the paper's own account, or a sign of a slip that the figures cannot
  settle;
- ``disagrees``: no unrounded figures make the two equal, or the sentence true.

The checks do not ask whether the paper's results are right. Counts that no table supports or refutes ("500+
experiments") are left out.
"""

from dataclasses import asdict
from functools import cache

import pandas as pd

from analysis.published import arithmetic, sentences
from analysis.published.check import DISAGREES, ODD, Check


def checks() -> pd.DataFrame:
    """All checks, one per row: where, what, printed, follows, difference, verdict, note (all text; see ``Check``)."""
    return pd.DataFrame([asdict(check) for check in _checks()])


@cache
def _checks() -> tuple[Check, ...]:
    """The checks as objects, cached because the tables are constant."""
    return tuple(check for module in (arithmetic, sentences) for check in module.checks())


def disagreements() -> pd.DataFrame:
    """The checks with the verdict ``disagrees`` or ``odd``, with the columns of ``checks``, the disagreements first."""
    found = checks()
    return pd.concat([found[found["verdict"] == verdict] for verdict in (DISAGREES, ODD)], ignore_index=True)
