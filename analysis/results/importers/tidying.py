"""Runs of another program as the tidy frame's text: one row per run, language and metric."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.results import from_csv
from analysis.results.csv_files.numbers import refuse, with_points
from analysis.results.frame import FINISHED, MISSING
from analysis.results.importers import asking
from analysis.results.importers.column_map import ColumnMap
from analysis.results.importers.columns import PREFERRED, TEST, ScoreColumn
from analysis.results.importers.run_fields import fields_of_runs, one_of_each
from analysis.results.importers.runs import ForeignRuns
from analysis.results.importers.score_columns import score_columns
from harness.tasks.metrics import measure_of

Fields = Mapping[str, "pd.Series[str]"]


@dataclass(frozen=True)
class TidyText:
    """The rows, before ``analysis.results.from_csv`` checks them."""

    frame: pd.DataFrame
    """Cells are text. The index is each row's place for messages: the run's place, and the score's column."""
    points: bool
    """Whether scores from 0 to 1 were multiplied by 100. Then remaining small scores are points, not shares."""
    notes: tuple[str, ...]


def tidied(runs: ForeignRuns, chosen: ColumnMap, file: Path, source: str | None) -> TidyText:
    """The rows of all runs. Raises a ``UserError`` that lists the columns if method, seed or scores are not found.

    ``source`` is the language of the training data. If it is ``None``, the runs' own source counts, else English.
    """
    found = fields_of_runs(runs.frame, chosen, file)
    notes: tuple[str, ...] = ()
    if {"score", "language"} <= found.keys():
        _check(found, runs.frame, file, scored=True)
        rows = pd.DataFrame(found)
        rows = rows[(rows["score"] != "") | (rows["status"] != FINISHED)]
    else:
        source = source or from_csv.first_source(found.get("source", ()))
        columns, more = score_columns(runs.frame, chosen, file, source)
        _check(found, runs.frame, file, scored=bool(columns))
        kept, left_out = one_of_each(pd.DataFrame(found), runs.frame, file)
        rows = _rows(kept, runs.frame.loc[kept.index], columns)
        notes = (*more, *left_out)
    if runs.separator == ";":
        rows, _ = with_points(rows, ["score"])
    rows, scaled = _in_points(rows.assign(metric=rows.get("metric", "score")), file)
    return TidyText(rows, bool(scaled), (*notes, *scaled))


def _check(found: Fields, frame: pd.DataFrame, file: Path, *, scored: bool) -> None:
    lacking = [field for field in ("method", "seed") if field not in found] + ([] if scored else ["score"])
    if lacking:
        raise asking.for_columns(lacking, frame, file)
    for field in ("method", "seed"):
        refuse(file, field, found[field], found[field] == "", f"a value in every run, or another --map {field}=COLUMN")


def _rows(fields: pd.DataFrame, frame: pd.DataFrame, columns: list[ScoreColumn]) -> pd.DataFrame:
    """One row per score of a finished run; for another run, one per test score in the shown metric.

    A finished run without any score counts as missing.
    """
    shown = _shown([column for column in columns if column.split == TEST] or columns)
    scores = frame[[column.column for column in columns]]
    unscored = (scores == "").all(axis=1) & (fields["status"] == FINISHED)
    fields = fields.assign(status=fields["status"].mask(unscored, MISSING))
    parts = []
    for column in sorted(columns, key=lambda column: column.metric != shown):
        part = fields.assign(
            language=column.language, split=column.split or TEST, metric=column.metric, score=frame[column.column]
        )
        finished = part["status"] == FINISHED
        part["score"] = part["score"].where(finished, "")
        asked = column.metric == shown and column.split == TEST
        part = part[(finished & (part["score"] != "")) | (~finished & asked)]
        parts.append(part.set_axis([f"{place}, {column.column}" for place in part.index]))
    rows = pd.concat(parts)
    return rows[~rows.drop(columns="status").duplicated()]


def _shown(columns: list[ScoreColumn]) -> str:
    """The metric that tables show: a preferred metric, or the first column's."""
    metrics = [column.metric for column in columns]
    return next((name for name in PREFERRED if name in metrics), metrics[0])


def _in_points(rows: pd.DataFrame, file: Path) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The rows, with metrics from -1 to 1 multiplied by 100, and a note that names these metrics.

    Metrics in their own unit, such as errors, stay.
    """
    numbers = pd.to_numeric(rows["score"], errors="coerce")
    size = numbers.abs().where(np.isfinite(numbers)).groupby(rows["metric"]).transform("max")
    points = rows["metric"].map(lambda name: measure_of(name).points)
    shares = (size > 0) & (size <= 1) & np.isfinite(numbers) & points
    if not shares.any():
        return rows, ()
    texts = [
        f"{100 * number:.12g}" if share else text
        for number, share, text in zip(numbers, shares, rows["score"], strict=True)
    ]
    named = ", ".join(dict.fromkeys(rows.loc[shares, "metric"]))
    return rows.assign(score=texts), (f"{file.name}: {named}: scores within ±1 are multiplied by 100.",)
