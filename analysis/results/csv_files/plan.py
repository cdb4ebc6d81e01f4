"""The study's question and plan in a table of results: a report of the table then makes the study's own claims.

Each fact is a column with one value in all rows. A fact that the study lacks has no column.
"""

from dataclasses import replace
from pathlib import Path

import pandas as pd

from analysis.results.about import About
from analysis.results.csv_files.numbers import refuse
from analysis.results.frame import FINISHED
from harness.common import fields
from harness.common.errors import UserError, bad
from harness.study import MAX_LOOKS
from harness.study.equivalence import EquivalenceBounds

PLAN = {
    "question": "the study's question",
    "looks": "number of planned looks",
    "same_ratio": "ratios of standard deviations that count as the same, such as 0.8:1.25",
    "same_points": "largest difference of two mean scores that counts as the same",
}
"""Content of the columns about the study."""
ENDED = "ended"
"""Column of the time at which a trial ended. Planned looks use the runs that ended first."""


def columns(about: About) -> dict[str, str]:
    """The facts that the study has, by column."""
    found = {"question": about.question} if about.question else {}
    if about.looks is not None:
        found["looks"] = str(about.looks)
    if about.bounded:
        bounds = about.equivalence
        found |= {"same_ratio": ":".join(map(repr, bounds.ratio)), "same_points": repr(bounds.points)}
    return found


def with_times(frame: pd.DataFrame, file: Path) -> pd.DataFrame:
    """The table with the times of its trials' ends in UTC, so that their texts sort as the times do."""
    if ENDED not in frame:
        return frame
    times = pd.to_datetime(frame[ENDED].replace("", None), utc=True, errors="coerce", format="ISO8601")
    wrong = (frame[ENDED] != "") & times.isna()
    refuse(file, ENDED, frame[ENDED], wrong, "a time, such as 2026-01-31T12:00:00Z, or nothing")
    return frame.assign(**{ENDED: times.dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ").fillna("")})


def with_plan(about: About, frame: pd.DataFrame, file: Path) -> About:
    """``about`` with the facts in a table.

    Raises ``UserError`` for a wrong value, for rows that disagree, and for planned looks without the times that they
    need.
    """
    told = {name: _only(frame[name], file) for name in PLAN if name in frame}
    looks = _looks(told["looks"], frame, file) if told.get("looks") else None
    made = replace(about, question=told.get("question", ""), looks=looks)
    bounds = _bounds(told, file)
    return made if bounds is None else replace(made, equivalence=bounds, bounded=True)


def _only(column: "pd.Series[str]", file: Path) -> str:
    """The value of all rows."""
    first = column.iloc[0]
    refuse(file, str(column.name), column, column != first, f"the value of the first row, {first!r}: rows must agree")
    return str(first)


def _looks(text: str, frame: pd.DataFrame, file: Path) -> int:
    if not text.isdecimal() or len(text) > len(str(MAX_LOOKS)) or not 1 <= int(text) <= MAX_LOOKS:
        raise bad(f"{file}: looks", text, f"a whole number from 1 to {MAX_LOOKS}")
    if ENDED not in frame:
        raise UserError(f"{file}: the column {ENDED!r} is missing; planned looks need the time of each trial's end")
    finished = frame.loc[frame["status"] == FINISHED, ENDED]
    refuse(file, ENDED, finished, finished == "", "a time: planned looks need it")
    return int(text)


def _bounds(told: dict[str, str], file: Path) -> EquivalenceBounds | None:
    """The bounds of equivalence; ``None`` if the table names none."""
    values: dict[str, object] = {}
    if ratio := told.get("same_ratio"):
        try:
            low, high = map(float, ratio.split(":"))
        except ValueError:
            raise bad(f"{file}: same_ratio", ratio, "two ratios, such as 0.8:1.25") from None
        values["ratio"] = (low, high)
    if points := told.get("same_points"):
        values["points"] = points
    return fields.build(EquivalenceBounds, f"{file}: bounds of equivalence", values) if values else None
