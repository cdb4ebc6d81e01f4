"""Whether scores are points from 0 to 100, not shares of 1 or points × 100."""

from pathlib import Path

import pandas as pd

from analysis.results.csv_files.numbers import refuse
from analysis.results.frame import FINISHED, RUN

MOST = 100.0
ROUNDING = 1e-6


def check(frame: pd.DataFrame, texts: "pd.Series[str]", file: Path, *, points: bool = False) -> None:
    """Refuse scores that are not points. ``texts`` has their cells by line number.

    With ``points``, scores from 0 to 1 are known to be points.

    Scores of the shown metric must be within ±100; only correlations are below 0. Scores of a run that are all from 0
    to 1 are shares, unless all are 0 or the file marks the run as collapsed. Other metrics may have other scales.
    """
    finished = frame[frame["status"] == FINISHED]
    if finished.empty:
        return
    shown = finished[finished["metric"] == finished["metric"].iloc[0]]
    beyond = shown["score"].abs() > MOST + ROUNDING
    hint = "; divide the scores by 100" if (shown["score"].abs() <= MOST * MOST).all() and beyond.all() else ""
    refuse(file, "score", texts.reindex(shown.index), beyond, f"points, from 0 to 100{hint}")
    if not points:
        _refuse_shares(finished, texts, file)


def _refuse_shares(finished: pd.DataFrame, texts: "pd.Series[str]", file: Path) -> None:
    of_run = finished.groupby(RUN, sort=False)["score"]
    low, high = of_run.transform("min"), of_run.transform("max")
    collapsed = finished["collapsed"].groupby([finished[name] for name in RUN], sort=False).transform("any")
    shares = (low >= 0) & (high > 0) & (high <= 1) & ~collapsed
    if not shares.any():
        return
    here = shares & (finished["score"] == high)
    others = finished[high > 1]
    if others.empty:
        allowed = "points, from 0 to 100: all scores are at most 1; multiply them by 100"
    else:
        run = finished[here].iloc[0]
        allowed = (
            f"points, from 0 to 100: other runs have scores above 1, but all scores of {run['method']} (setting "
            f"{run['setting'] or 'not named'}, seed {run['seed']}) are from 0 to 1; multiply these by 100, or, if the "
            "run collapsed, mark it in the column 'collapsed'"
        )
    refuse(file, "score", texts.reindex(finished.index), here, allowed)
