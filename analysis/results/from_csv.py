"""Results from a text file, such as CSV, with the columns of ``analysis.results.tidy``.

The file is steadytune's own ``results.csv``, or a table of external runs. Required are ``method``, ``seed``,
``language`` and ``score``; the rest may be left out. A hyperparameter is a column named as in
``harness.setting.Setting``, or any name after ``setting.``, such as ``setting.dropout``.
"""

from collections.abc import Iterable
from dataclasses import fields as fields_of
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.results.about import About
from analysis.results.csv_files import cells, names, plan, scale
from analysis.results.csv_files.numbers import amounts, refuse, truths, typed, whole, with_points
from analysis.results.csv_files.seeds import NO_SEED, RUN_SEED, with_seed_labels
from analysis.results.frame import FINISHED, PAIR, RUN, STATUSES, Results
from analysis.results.suspect_runs.far_below import suspected
from analysis.results.suspect_runs.weak import with_weak_runs
from analysis.results.tidy import COLUMNS, MEASURE, scorer
from harness.common import fields, files, sources
from harness.common.errors import UserError, bad, unknown
from harness.setting import SEEDS, Setting, value_label
from harness.tasks.metrics import Measure, measure_of

REQUIRED = ("method", "seed", "language", "score")
OWN = "setting."
"""Prefix of hyperparameter columns that ``Setting`` does not have."""
DEFAULTS = {
    "replicate": "0",
    "split": "test",
    "metric": "score",
    "status": FINISHED,
    "collapsed": "false",
    "diverged": "false",
}
SPLITS = ("test", "dev")
ONLY = "the only one"
"""Label of the setting in a file without settings."""
OTHER_TABLES = (".xlsx", ".xls", ".ods", ".json", ".jsonl", ".parquet", ".feather")
"""Endings of tables that are not read."""
SOURCE = "en"
"""Default language of the training data, if neither the file nor the user names it."""


def is_table(name: str) -> bool:
    """Whether a name on the command line is a table of results.

    Raises ``UserError`` for a table that cannot be read, such as a spreadsheet.
    """
    lower = name.lower()
    if lower.endswith(OTHER_TABLES):
        raise bad("results", name, f"a text file that ends in {', '.join(cells.SUFFIXES)}: export the table as CSV")
    return lower.removesuffix(cells.PACKED).endswith(cells.SUFFIXES)


def read(name: str, *, source: str | None = None) -> Results:
    """Read the results in a text file with commas, semicolons or tabs between its cells.

    Tables show the metric of the first finished row.

    Args:
        name: the file.
        source: language of the training data. The default is the file's column ``source``, then English.

    Raises:
        UserError: a value is missing, unknown, not a number, or not a score in points. The message names file, line and
            column.
    """
    file = files.existing("results", name, "the name of a study that was run")
    return results(cells.read(file, REQUIRED), file, source=source)


def results(read: cells.Cells, file: Path, *, source: str | None = None) -> Results:
    """The results in cells that come from a table or an importer; otherwise as ``read``.

    The index of the cells' frame is the place of each row in ``file`` for messages: its line, or words.
    """
    frame, flagged, notes = _parsed(read, file)
    frame["source"] = _source(frame, file, source)
    settings = _settings(frame, _hyperparameters(frame), file)
    frame, crossed = _seeds(plan.with_times(frame, file), file)
    notes = (*notes, *crossed)
    frame["trial"] = _trials(frame)
    _once(frame, file, notes)
    trials = _trial_rows(frame, file)
    finished = frame["status"] == FINISHED
    metric = frame.loc[finished, "metric"].iloc[0] if finished.any() else ""
    columns = ["trial", *RUN, "split", "language", "metric", "score", "examples", "unknown"]
    scores = frame.loc[finished, columns].reset_index(drop=True)
    stated = _stated(frame, metric, file)
    found = Results(_about(frame, file), trials, scores, settings, metric, notes=notes, stated=stated)
    scorer(found)  # refuses scores by several rules
    return with_weak_runs(found) if flagged else replace(found, notes=(*notes, *suspected(found)))


def _hyperparameters(frame: pd.DataFrame) -> list[str]:
    own = {f.name for f in fields_of(Setting)}
    return [name for name in map(str, frame.columns) if name in own.difference(SEEDS) or name.startswith(OWN)]


def _parsed(read: cells.Cells, file: Path) -> tuple[pd.DataFrame, bool, tuple[str, ...]]:
    """The cells as text and numbers by line, whether the file flags collapsed runs, and notes on its form.

    The frame has every column of ``COLUMNS`` and of ``MEASURE``.
    """
    _check_columns(read.frame, file)
    frame, notes = names.stripped(read.frame, file)
    notes = (*read.notes, *notes)
    flagged = "collapsed" in frame
    for name in (*COLUMNS, *MEASURE):
        if name not in frame:
            frame[name] = DEFAULTS.get(name, "")
    for name in ("method", "language"):
        refuse(file, name, frame[name], frame[name] == "", "a name")
    names.refuse_alike(frame, file)
    if read.separator == ";":
        frame, commas = with_points(frame, ["score", "examples", "unknown", *_hyperparameters(frame)])
        notes = (*notes, f"{file.name} has decimal commas.") if commas else notes
    return _numbers(frame, file, points=read.points), flagged, notes


def _numbers(frame: pd.DataFrame, file: Path, *, points: bool) -> pd.DataFrame:
    """The cells with numbers and truth values in their columns."""
    for name, words in (("status", STATUSES), ("split", SPLITS)):
        refuse(file, name, frame[name], ~frame[name].isin(words), f"one of {', '.join(words)}")
    texts, scores = frame["score"], pd.to_numeric(frame["score"], errors="coerce")
    lacking = (frame["status"] == FINISHED) & ~np.isfinite(scores)
    refuse(file, "score", texts, lacking, "a finite number: the score of a finished trial")
    frame = frame.assign(
        score=scores,
        **{name: truths(frame[name], file) for name in ("collapsed", "diverged")},
        **{name: whole(frame[name], file) for name in ("seed", "replicate")},
        **{name: amounts(frame[name], file) for name in ("examples", "unknown")},
    )
    others = {name for name in frame["metric"].unique() if not (_stated(frame, name, file) or measure_of(name)).points}
    of_points = ~frame["metric"].isin(others)
    scale.check(frame[of_points], texts[of_points], file, points=points)
    return frame


def _stated(frame: pd.DataFrame, metric: str, file: Path) -> Measure | None:
    """How to read a metric's scores, if the columns of ``MEASURE`` say it."""
    rows, known, found = frame[frame["metric"] == metric], measure_of(metric), {}
    for name, allowed in (("better", ("higher", "lower")), ("unit", ("points", "own"))):
        refuse(file, name, rows[name], ~rows[name].isin(("", *allowed)), f"one of {', '.join(allowed)}")
        words = [word for word in rows[name].unique() if word]
        if len(words) > 1:
            raise UserError(f"{file}: {name}: the rows of the metric {metric!r} do not agree: {', '.join(words)}")
        found[name] = words[0] if words else ""
    if not any(found.values()):
        return None
    return Measure(
        known.words,
        points=found["unit"] == "points" if found["unit"] else known.points,
        lower_is_better=found["better"] == "lower" if found["better"] else known.lower_is_better,
    )


def _check_columns(frame: pd.DataFrame, file: Path) -> None:
    """Refuse unknown and missing columns, and a file without rows."""
    lacking = [name for name in REQUIRED if name not in frame]
    if len(lacking) > len(REQUIRED) / 2:  # a file of another kind, where a guess at its first column would mislead
        raise UserError(f"{file}: no table of results: the columns {', '.join(lacking)} are missing")
    known = [*COLUMNS, *MEASURE, *plan.PLAN, plan.ENDED, *(f.name for f in fields_of(Setting))]
    for name in frame:
        if name not in known and not str(name).startswith(OWN):
            error = unknown(f"{file}: column", name, [*known, f"{OWN}<name>"])
            raise UserError(f"{error}. For a hyperparameter of your own, name the column '{OWN}{name}'")
    for name in REQUIRED:
        if name not in frame:
            raise UserError(f"{file}: the column {name!r} is missing; needed are {', '.join(REQUIRED)}")
    if not len(frame):
        raise UserError(f"{file}: there are no rows below the header")


def first_source(named: Iterable[str]) -> str:
    """The first source that rows name, or ``SOURCE`` if none does. Empty text is no name."""
    return next(filter(None, named), SOURCE)


def _source(frame: pd.DataFrame, file: Path, given: str | None) -> str:
    named = [name for name in frame["source"].unique() if name]
    if len(named) > 1:
        raise UserError(
            f"{file}: source: the rows have different sources: {', '.join(named)}; report runs of one source at a time"
        )
    source = given or first_source(named)
    if source not in set(frame["language"]):
        raise unknown(f"{file}: source", source, sorted(frame["language"].unique()))
    if frame["language"].isin(sources.with_parts(source)).all():
        raise UserError(f"{file}: all rows are of the source, {source}; there is no target language to report")
    return source


def _settings(frame: pd.DataFrame, hyperparameters: list[str], file: Path) -> pd.DataFrame:
    """The hyperparameters of every setting. Fills in labels if the file names no settings."""
    values = pd.DataFrame({name: typed(frame[name]) for name in hyperparameters}, index=frame.index)
    if (frame["setting"] == "").all():
        varied = [name for name in hyperparameters if values[name].nunique(dropna=False) > 1] or hyperparameters[:1]
        parts = [
            values[name].map(lambda value, name=name: f"{name.removeprefix(OWN)}={value_label(name, value)} ")
            for name in varied
        ]
        frame["setting"] = sum(parts, start=pd.Series("", index=frame.index)).str.strip() if parts else ONLY
    refuse(file, "setting", frame["setting"], frame["setting"] == "", "a label, in every row or in none")
    found = values.assign(setting=frame["setting"]).drop_duplicates()
    if (twice := fields.repeated(list(found["setting"]))) is not None:
        differing = [n for n in hyperparameters if found.loc[found["setting"] == twice, n].nunique(dropna=False) > 1]
        raise UserError(
            f"{file}: setting: {twice!r} stands for different values of {', '.join(differing)}; name each setting apart"
        )
    return found.set_index("setting")


def _seeds(frame: pd.DataFrame, file: Path) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The rows, with a label in place of the seed if a run has several seeds, and notes on such labels."""
    if not (there := [name for name in SEEDS if name in frame]):
        return frame, ()
    texts = {name: frame[name].where(~frame[name].str.lower().isin(NO_SEED), "") for name in there}
    own = {name: whole(column.where(column != "", "0"), file).where(column != "") for name, column in texts.items()}
    return with_seed_labels(frame.assign(**own))


def _trials(frame: pd.DataFrame) -> "pd.Series[str]":
    """Trial ids. Missing ids are composed of the columns that identify a run."""
    if (frame["trial"] != "").all():
        return frame["trial"]
    texts = frame[RUN].astype(str)
    return frame["trial"].where(frame["trial"] != "", texts[RUN[0]].str.cat(texts[RUN[1:]], sep=" / "))


def _once(frame: pd.DataFrame, file: Path, notes: tuple[str, ...]) -> None:
    """Refuse a repeated score, and a trial of several runs. The notes may explain a repetition."""
    told = frame[["trial", *RUN]].drop_duplicates()
    if (trial := fields.repeated(list(told["trial"]))) is not None:
        differing = [name for name in RUN if told.loc[told["trial"] == trial, name].nunique() > 1]
        raise UserError(
            f"{file}: trial: {trial!r} has rows of several values of {', '.join(differing)}; give each run ids of its "
            "own"
        )
    twice = frame.duplicated(["trial", "split", "language", "metric"])
    refuse(
        file,
        "score",
        frame["trial"],
        twice,
        "; ".join(
            ["one score per trial, language and metric; number reruns with the same seed in 'replicate'", *notes]
        ),
    )


def _trial_rows(frame: pd.DataFrame, file: Path) -> pd.DataFrame:
    """One row per trial, in the order of the file."""
    source = frame["source"].iloc[0]
    facts = ["scorer", "status", "collapsed", "diverged", "error", *([plan.ENDED] if plan.ENDED in frame else [])]
    told = frame[["trial", *facts]].drop_duplicates()
    if (trial := fields.repeated(list(told["trial"]))) is not None:
        differing = [name for name in facts if told.loc[told["trial"] == trial, name].nunique() > 1]
        raise UserError(f"{file}: {differing[0]}: the rows of trial {trial!r} do not agree")
    tested = frame[frame["split"] == "test"].drop_duplicates(["trial", "language"])
    zero_shot = tested[~tested["language"].isin(sources.with_parts(source))]
    targets = zero_shot.groupby("trial", sort=False)["language"].agg(tuple)
    tests = tested[tested["test_data"] != ""].groupby("trial", sort=False)[["language", "test_data"]]
    prints = {str(trial): dict(zip(rows["language"], rows["test_data"], strict=True)) for trial, rows in tests}
    split = [name for name in (*SEEDS, RUN_SEED) if name in frame]
    trials = frame.drop_duplicates("trial")[["trial", "method", *PAIR, *facts, *split]].reset_index(drop=True)
    return trials.assign(
        targets=[targets.get(trial, ()) for trial in trials["trial"]],
        test_data=pd.Series([prints.get(trial, {}) for trial in trials["trial"]], dtype=object),
    )


def _about(frame: pd.DataFrame, file: Path) -> About:
    """The facts in the file. A column with several values is no fact about the whole file."""
    only = {
        name: values[0] if len(values := frame[name].unique()) == 1 else ""
        for name in ("study", "task", "encoder", "source")
    }
    own = sources.with_parts(only["source"])
    targets = tuple(language for language in dict.fromkeys(frame["language"]) if language not in own)
    methods = tuple(dict.fromkeys(frame["method"]))
    about = About(
        only["study"] or file.stem,
        only["source"],
        targets,
        methods,
        task=only["task"],
        encoder=only["encoder"],
        data=str(file),
    )
    return plan.with_plan(about, frame, file)
