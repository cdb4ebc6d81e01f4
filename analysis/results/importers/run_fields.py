"""The fields of foreign runs beside their scores: method, seed, status and hyperparameters."""

from dataclasses import fields as fields_of
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.results.csv_files.numbers import typed
from analysis.results.frame import FAILED, FINISHED, MISSING
from analysis.results.importers.column_map import OPTION, OWN, ColumnMap
from analysis.results.importers.columns import ALIASES, named_for, score_column
from analysis.results.importers.runs import FOLDER
from harness.common.errors import UserError
from harness.setting import INSTEAD, Setting

STATUS = {
    "": FINISHED, "finished": FINISHED, "terminated": FINISHED, "completed": FINISHED,
    "failed": FAILED, "crashed": FAILED, "killed": FAILED, "error": FAILED,
    "running": MISSING, "pending": MISSING, "scheduled": MISSING, "missing": MISSING,
}  # fmt: skip
"""States of W&B, MLflow and Ray Tune. Other words are refused."""
IDS = (FOLDER, "run_id", "Run ID", "trial_id", "ID", "name", "Name")
"""Columns that may name a run."""
HYPERPARAMETERS = [f.name for f in fields_of(Setting)]
SHOWN = 6
Row = tuple[Any, "pd.Series[Any]"]


def fields_of_runs(frame: pd.DataFrame, chosen: ColumnMap, file: Path) -> dict[str, "pd.Series[str]"]:
    """The fields by name. Method and seed may be missing; the status never is."""
    given = chosen.found(frame, file)
    taken = {*chosen.columns.values(), *chosen.templates}
    columns = [
        str(name) for name in frame if name not in taken and not score_column(str(name)) and (frame[name] != "").any()
    ]
    found = {
        field: frame[names[0]]
        for field in ALIASES
        if field not in given and (names := _agreeing(field, frame, named_for(field, columns), file))
    }
    found = _without_twins(found, given)
    status = given.get("status", found.get("status", pd.Series("", frame.index))).str.strip()
    status = status.map(lambda word: STATUS.get(word.lower(), word))
    ids = {} if "language" in given or "trial" in given else _ids(frame)
    return {**ids, **found, **given, "status": status}


def _agreeing(field: str, frame: pd.DataFrame, names: list[str], file: Path) -> list[str]:
    """The columns that may hold a field. Raises ``UserError`` if their values differ."""
    for other in names[1:]:
        if not frame[other].equals(frame[names[0]]):
            raise UserError(
                f"{file}: {field}: the columns {names[0]} and {other} differ; choose one: {OPTION} {field}={names[0]}"
            )
    return names


def _without_twins(
    found: dict[str, "pd.Series[str]"], given: dict[str, "pd.Series[str]"]
) -> dict[str, "pd.Series[str]"]:
    """The fields with only one of epochs and steps, because each follows from the other.

    Steps stay if only steps vary, else epochs.
    """
    steps = pd.to_numeric(found["max_steps"], errors="coerce") if "max_steps" in found else None
    without = {instead for field, instead in INSTEAD.items() if field in given}
    if steps is not None and not (steps > 0).any():
        without.add("max_steps")
    elif {*INSTEAD} <= found.keys():
        varied = {field: found[field].nunique() > 1 for field in INSTEAD}
        without.add("epochs" if varied["max_steps"] and not varied["epochs"] else "max_steps")
    return {field: values for field, values in found.items() if field not in without}


def _ids(frame: pd.DataFrame) -> dict[str, "pd.Series[str]"]:
    named = (frame[name] for name in IDS if name in frame)
    distinct = (ids for ids in named if ids.is_unique and (ids.str.strip() != "").all())
    return {"trial": ids} if (ids := next(distinct, None)) is not None else {}


def one_of_each(fields: pd.DataFrame, frame: pd.DataFrame, file: Path) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The runs, without unfinished runs that another run repeats, and a note on the omitted runs.

    Raises ``UserError`` for two finished runs with the same method, setting, seed and replicate. They may differ in a
    hyperparameter that no column is known to hold.
    """
    names = [name for name in fields if name in (*HYPERPARAMETERS, "seed", "replicate") or str(name).startswith(OWN)]
    values = pd.DataFrame({name: typed(fields[name]) for name in names}, fields.index)
    values = values.assign(method=fields["method"], setting=fields.get("setting", ""))
    texts = values.astype(str)
    keys = texts["method"].str.cat(texts.drop(columns="method"), sep="\0", na_rep="")
    finished = fields["status"] == FINISHED
    if (twice := keys[finished].duplicated()).any():
        repeated = keys[finished][twice].iloc[0]
        one, other = frame[finished & (keys == repeated)].iloc[:2].iterrows()
        raise _repeated(one, other, file)
    again = keys[finished.sort_values(ascending=False, kind="stable").index].duplicated().reindex(fields.index)
    count = int(again.sum())
    words = "run that did not finish is left out, since another repeats it"
    words = words if count == 1 else "runs that did not finish are left out, since others repeat them"
    return fields[~again], (f"{file.name}: {count} {words}.",) if count else ()


def _repeated(one: Row, other: Row, file: Path) -> UserError:
    (first, texts), (second, others) = one, other
    differing = [str(n) for n in texts.index if texts[n] != others[n] and not score_column(str(n))]
    shown = ", ".join(differing[:SHOWN]) + (f" and {len(differing) - SHOWN} more" if len(differing) > SHOWN else "")
    return UserError(
        f"{file}: the runs {first} and {second} have the same method, setting and seed. They differ in "
        f"{shown or 'their scores alone'}. Name the hyperparameter, such as {OPTION} setting.NAME=COLUMN, or the "
        f"number of the rerun, {OPTION} replicate=COLUMN"
    )
