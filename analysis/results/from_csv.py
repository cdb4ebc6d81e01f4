"""Results from a CSV file with the columns of ``analysis.results.tidy``: steadytune's own ``results.csv``, or anybody's
runs.

Required are ``method``, ``seed``, ``language`` and ``score``; the rest may be left out. A hyperparameter is a column of
its name in ``harness.setting.Setting``, or of any name after ``setting.``, such as ``setting.dropout``.
"""

import zlib
from dataclasses import fields as fields_of
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.results import csv_safe
from analysis.results.about import About
from analysis.results.frame import FINISHED, PAIR, RUN, STATUSES, Results
from analysis.results.tidy import COLUMNS
from harness.common import fields, files
from harness.common.errors import UserError, bad, unknown
from harness.setting import Setting, value_label

REQUIRED = ("method", "seed", "language", "score")
OWN = "setting."
"""How the columns of hyperparameters begin that ``Setting`` does not have."""
DEFAULTS = {
    "replicate": "0",
    "split": "test",
    "metric": "score",
    "status": FINISHED,
    "collapsed": "false",
    "diverged": "false",
}
SPLITS = ("test", "dev")
TRUE, FALSE = ("true", "1", "yes"), ("false", "0", "no", "")
ONLY = "the only one"
"""Label of the setting of a file without settings."""
EXACT = 2.0**53
"""Below it a whole number is read as it is."""
SOURCE = "en"
"""Language of the training data where neither the file nor the user says it."""


def is_table(name: str) -> bool:
    """Whether the command line's word for a study is a table of results."""
    return name.lower().endswith((".csv", ".csv.gz"))


def read(name: str, *, source: str | None = None) -> Results:
    """The results in a CSV file.

    ``source`` is the language of the training data, by default the file's column ``source``, or English. Tables show
    the metric of the first row. Raises ``UserError`` naming the file, the line and the column for what is missing,
    unknown, or no number.
    """
    file = files.existing("results", name, "the name of a study that was run")
    frame = _parsed(file)
    frame["source"] = _source(frame, file, source)
    own = {f.name for f in fields_of(Setting)}
    hyperparameters = [name for name in map(str, frame.columns) if name in own or name.startswith(OWN)]
    settings = _settings(frame, hyperparameters, file)
    frame["trial"] = _trials(frame)
    _once(frame, file)
    trials = _trial_rows(frame, file)
    finished = frame["status"] == FINISHED
    metric = frame.loc[finished, "metric"].iloc[0] if finished.any() else ""
    columns = ["trial", *RUN, "split", "language", "metric", "score", "examples", "unknown"]
    return Results(_about(frame, file), trials, frame.loc[finished, columns].reset_index(drop=True), settings, metric)


def _parsed(file: Path) -> pd.DataFrame:
    """The file as text and numbers, with every column of ``COLUMNS``."""
    frame = _text(file)
    _check_columns(frame, file)
    for name in COLUMNS:
        if name not in frame:
            frame[name] = DEFAULTS.get(name, "")
    for name in ("method", "language"):
        _refuse(file, name, frame[name], frame[name] == "", "a name")
    for name, words in (("status", STATUSES), ("split", SPLITS)):
        _refuse(file, name, frame[name], ~frame[name].isin(words), f"one of {', '.join(words)}")
    for name in ("collapsed", "diverged"):
        frame[name] = _truths(frame[name], file)
    scores = pd.to_numeric(frame["score"], errors="coerce")
    lacking = (frame["status"] == FINISHED) & ~np.isfinite(scores)
    _refuse(file, "score", frame["score"], lacking, "a finite number: the score × 100, of a trial that finished")
    for name in ("seed", "replicate"):
        frame[name] = _whole(frame[name], file)
    for name in ("examples", "unknown"):
        frame[name] = _amounts(frame[name], file)
    return frame.assign(score=scores)


def _text(file: Path) -> pd.DataFrame:
    """The cells as the file has them."""
    try:
        frame = pd.read_csv(file, dtype=str, keep_default_na=False, encoding="utf-8-sig", skipinitialspace=True)
    except (ValueError, OSError, EOFError, zlib.error) as error:  # pandas' errors of parsing are ValueErrors
        raise UserError(f"{file}: not readable as CSV: {' '.join(str(error).split())}") from None
    return frame.apply(csv_safe.plain)


def _check_columns(frame: pd.DataFrame, file: Path) -> None:
    """Refuse unknown and missing columns, and a file without rows."""
    known = [*COLUMNS, *(f.name for f in fields_of(Setting))]
    for name in frame:
        if name not in known and not str(name).startswith(OWN):
            raise unknown(f"{file}: column", name, [*known, f"{OWN}<name>"])
    for name in REQUIRED:
        if name not in frame:
            raise UserError(f"{file}: the column {name!r} is missing; needed are {', '.join(REQUIRED)}")
    # pandas takes surplus cells for a name of the row, and shifts the rest.
    if not isinstance(frame.index, pd.RangeIndex):
        raise UserError(f"{file}: the rows have more cells than the header has columns")
    if not len(frame):
        raise UserError(f"{file}: there are no rows below the header")


def _truths(values: "pd.Series[str]", file: Path) -> "pd.Series[bool]":
    words = values.str.lower()
    _refuse(file, str(values.name), values, ~words.isin([*TRUE, *FALSE]), "true or false")
    return words.isin(TRUE)


def _whole(values: "pd.Series[str]", file: Path) -> "pd.Series[int]":
    numbers = pd.to_numeric(values, errors="coerce")
    wrong = ~((numbers.abs() < EXACT) & (numbers % 1 == 0))
    _refuse(file, str(values.name), values, wrong, "a whole number below 2^53")
    return numbers.astype("int64")


def _amounts(values: "pd.Series[str]", file: Path) -> "pd.Series[float]":
    """Numbers of at least 0, missing where a cell is empty."""
    numbers = pd.to_numeric(values.replace("", None), errors="coerce")
    wrong = (values != "") & ~(np.isfinite(numbers) & (numbers >= 0))
    _refuse(file, str(values.name), values, wrong, "a number of at least 0, or nothing")
    return numbers


def _refuse(file: Path, column: str, values: "pd.Series[str]", wrong: "pd.Series[bool]", allowed: str) -> None:
    """Refuse the first value that is wrong, by its line."""
    if wrong.any():
        place = int(np.flatnonzero(wrong)[0])
        raise bad(f"{file}:{place + 2}: {column}", values.iloc[place], allowed)


def _source(frame: pd.DataFrame, file: Path, given: str | None) -> str:
    named = [name for name in frame["source"].unique() if name]
    if len(named) > 1:
        raise UserError(
            f"{file}: source: {', '.join(named)} are the source of different rows; report runs of one source at a time"
        )
    source = given or (named[0] if named else SOURCE)
    if source not in set(frame["language"]):
        raise unknown(f"{file}: source", source, sorted(frame["language"].unique()))
    if not (frame["language"] != source).any():
        raise UserError(f"{file}: all rows are of the source, {source}; there is no target language to report")
    return source


def _settings(frame: pd.DataFrame, hyperparameters: list[str], file: Path) -> pd.DataFrame:
    """The hyperparameters of every setting; fills in the labels of settings that the file does not name."""
    values = pd.DataFrame({name: _typed(frame[name]) for name in hyperparameters}, index=frame.index)
    if (frame["setting"] == "").all():
        varied = [name for name in hyperparameters if values[name].nunique(dropna=False) > 1] or hyperparameters[:1]
        parts = [
            values[name].map(lambda value, name=name: f"{name.removeprefix(OWN)}={value_label(name, value)} ")
            for name in varied
        ]
        frame["setting"] = sum(parts, start=pd.Series("", index=frame.index)).str.strip() if parts else ONLY
    _refuse(file, "setting", frame["setting"], frame["setting"] == "", "a label, in every row or in none")
    found = values.assign(setting=frame["setting"]).drop_duplicates()
    if (twice := fields.repeated(list(found["setting"]))) is not None:
        differing = [n for n in hyperparameters if found.loc[found["setting"] == twice, n].nunique(dropna=False) > 1]
        raise UserError(
            f"{file}: setting: {twice!r} stands for different values of {', '.join(differing)}; name each setting apart"
        )
    return found.set_index("setting")


def _typed(column: "pd.Series[str]") -> "pd.Series[Any]":
    """Numbers where all of a column are, else text; empty is missing."""
    filled = column.replace("", None)
    numbers = pd.to_numeric(filled, errors="coerce")
    return numbers if numbers.notna().equals(filled.notna()) else filled


def _trials(frame: pd.DataFrame) -> "pd.Series[str]":
    """Ids; those that the file lacks are made of what tells the runs apart."""
    made = frame[RUN].astype(str).agg(" / ".join, axis=1) if (frame["trial"] == "").any() else frame["trial"]
    return frame["trial"].where(frame["trial"] != "", made)


def _once(frame: pd.DataFrame, file: Path) -> None:
    """Refuse a score that is there twice, and a trial of two runs."""
    told = frame[["trial", *RUN]].drop_duplicates()
    if (trial := fields.repeated(list(told["trial"]))) is not None:
        differing = [name for name in RUN if told.loc[told["trial"] == trial, name].nunique() > 1]
        raise UserError(
            f"{file}: trial: {trial!r} has rows of several values of {', '.join(differing)}; give each run ids of its "
            "own"
        )
    twice = frame.duplicated(["trial", "split", "language", "metric"])
    _refuse(
        file,
        "score",
        frame["trial"],
        twice,
        "one score a trial, language and metric; number reruns with the same seed in 'replicate'",
    )


def _trial_rows(frame: pd.DataFrame, file: Path) -> pd.DataFrame:
    """One row a trial, in the order of the file."""
    source = frame["source"].iloc[0]
    facts = ["status", "collapsed", "diverged", "error"]
    told = frame[["trial", *facts]].drop_duplicates()
    if (trial := fields.repeated(list(told["trial"]))) is not None:
        differing = [name for name in facts if told.loc[told["trial"] == trial, name].nunique() > 1]
        raise UserError(f"{file}: {differing[0]}: the rows of trial {trial!r} do not agree")
    tested = frame[frame["split"] == "test"].drop_duplicates(["trial", "language"])
    targets = tested[tested["language"] != source].groupby("trial", sort=False)["language"].agg(tuple)
    tests = tested[tested["test_data"] != ""].groupby("trial", sort=False)[["language", "test_data"]]
    prints = {str(trial): dict(zip(rows["language"], rows["test_data"], strict=True)) for trial, rows in tests}
    trials = frame.drop_duplicates("trial")[["trial", "method", *PAIR, *facts]].reset_index(drop=True)
    return trials.assign(
        targets=[targets.get(trial, ()) for trial in trials["trial"]],
        test_data=pd.Series([prints.get(trial, {}) for trial in trials["trial"]], dtype=object),
    )


def _about(frame: pd.DataFrame, file: Path) -> About:
    """The facts that the file has; a column of several values says nothing of the whole."""
    only = {
        name: values[0] if len(values := frame[name].unique()) == 1 else ""
        for name in ("study", "task", "encoder", "source")
    }
    targets = tuple(language for language in dict.fromkeys(frame["language"]) if language != only["source"])
    methods = tuple(dict.fromkeys(frame["method"]))
    return About(
        only["study"] or file.stem,
        only["source"],
        targets,
        methods,
        task=only["task"],
        encoder=only["encoder"],
        data=str(file),
    )
