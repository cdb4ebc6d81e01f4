"""The columns of foreign runs that hold scores."""

import re
from dataclasses import replace
from pathlib import Path

import pandas as pd

from analysis.results.importers.column_map import ANY, OPTION, ColumnMap
from analysis.results.importers.columns import DEV, TEST, UNNAMED, ScoreColumn, score_column
from harness.common import fields
from harness.common.errors import UserError, bad, unknown

AS_TEST = "{file}: no column is named as a test score, so the scores of the eval columns count as test scores."


def score_columns(
    frame: pd.DataFrame, chosen: ColumnMap, file: Path, source: str
) -> tuple[list[ScoreColumn], tuple[str, ...]]:
    """The columns of scores, by ``chosen`` or else by name, and notes on them.

    If there are test scores, dev scores of targets are left out, because nothing is selected on a target language.
    """
    if chosen.scores:
        return _named(frame, chosen, file), ()
    found = [score for column in frame if (score := score_column(str(column))) and (frame[column] != "").any()]
    if found and all(score.split == DEV for score in found):
        return [replace(score, split=TEST) for score in found], (AS_TEST.format(file=file.name),)
    found = [replace(score, split=score.split or TEST) for score in found]
    return [score for score in found if score.split == TEST or score.language == source], ()


def _named(frame: pd.DataFrame, chosen: ColumnMap, file: Path) -> list[ScoreColumn]:
    named: dict[str, str] = {}
    for language, column in chosen.scores.items():
        named |= _any(frame, column, file) if language == ANY else {}
    for language, column in chosen.scores.items():
        if language != ANY and column not in frame:
            raise unknown(f"{OPTION} score.{language}: {file}: column", column, map(str, frame.columns))
        named |= {} if language == ANY else {language: column}
    if (twice := fields.repeated(list(named.values()))) is not None:
        raise UserError(f"{OPTION}: {twice} is given for two languages; give a column for each")
    metrics = {score.metric if (score := score_column(column)) else UNNAMED for column in named.values()}
    metric = metrics.pop() if len(metrics) == 1 else UNNAMED
    return [ScoreColumn(column, language, metric, TEST) for language, column in named.items()]


def _any(frame: pd.DataFrame, form: str, file: Path) -> dict[str, str]:
    """The columns of a form such as ``test_*_f1``, by the text that ``*`` stands for."""
    if form.count(ANY) != 1:
        raise bad(f"{OPTION} score.{ANY}", form, f"columns with one {ANY} for the language, such as test_{ANY}_f1")
    before, _, after = form.partition(ANY)
    pattern = re.compile(f"{re.escape(before)}([^/]+){re.escape(after)}")
    found = {match[1]: str(column) for column in frame if (match := pattern.fullmatch(str(column)))}
    if not found:
        columns = ", ".join(map(str, frame.columns))
        raise UserError(f"{OPTION} score.{ANY}: {file}: no column is of the form {form}. The columns are {columns}")
    return found
