"""``--map``: the columns of foreign results, named by a person.

- ``method=config.method``: the field is in that column.
- ``score.de=test/de_f1``: the scores of one language are in that column.
- ``score.*=test/*_f1``: the scores of each language are in the column with its code in place of ``*``.
- ``folder={method}-s{seed}``: the column is taken apart into fields.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import fields as fields_of
from pathlib import Path

import pandas as pd

from analysis.results.csv_files.numbers import refuse
from analysis.results.tidy import COLUMNS
from harness.common.errors import UserError, bad, unknown
from harness.setting import Setting

OPTION = "--map"
SCORE, OWN, ANY = "score.", "setting.", "*"
FIELDS = [*COLUMNS, *(f.name for f in fields_of(Setting))]
FORM = "FIELD=COLUMN, such as method=config.method"
PLACEHOLDER = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True)
class ColumnMap:
    """Where the fields of foreign results are."""

    columns: Mapping[str, str]
    """Column by field; ``score.<language>`` is a field too."""
    templates: Mapping[str, str]
    """Form of a column's cells, with ``{field}`` for each part, by column."""

    def __bool__(self) -> bool:
        return bool(self.columns or self.templates)

    @property
    def scores(self) -> dict[str, str]:
        """Columns of scores by language, ``*`` among them."""
        return {f.removeprefix(SCORE): column for f, column in self.columns.items() if f.startswith(SCORE)}

    def found(self, frame: pd.DataFrame, file: Path) -> dict[str, "pd.Series[str]"]:
        """The fields except scores, each with its value in every run (row of ``frame``).

        Raises ``UserError`` for a missing column, or a cell that does not have the form of its template.
        """
        named = {f: self._column(frame, column, f, file) for f, column in self.columns.items() if f[:6] != SCORE}
        for column, form in self.templates.items():
            named |= _parts(self._column(frame, column, column, file), form, file)
        return named

    def _column(self, frame: pd.DataFrame, column: str, field: str, file: Path) -> "pd.Series[str]":
        if column not in frame:
            raise unknown(f"{OPTION} {field}: {file}: column", column, map(str, frame.columns))
        return frame[column]


def parse(texts: Sequence[str]) -> ColumnMap:
    """The map in the values of ``--map``. Raises ``UserError`` for an unknown field, and for a field given twice."""
    columns: dict[str, str] = {}
    templates: dict[str, str] = {}
    met: set[str] = set()
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise bad(OPTION, text, FORM)
        parts = PLACEHOLDER.findall(value)
        if parts and name in templates:
            raise UserError(f"{OPTION}: {name!r} has two forms, {templates[name]!r} and {value!r}; give it one")
        (templates if parts else columns)[name] = value
        for field in parts or [name]:
            _check(field)
            if field in met:
                raise UserError(f"{OPTION}: {field!r} is given twice; give each field once")
            met.add(field)
    return ColumnMap(columns, templates)


def _check(field: str) -> None:
    own = any(field.startswith(before) and field != before for before in (SCORE, OWN))
    if not own and field not in FIELDS:
        raise unknown(f"{OPTION}: field", field, [*FIELDS, f"{SCORE}<language>", f"{OWN}<name>"])


def _parts(column: "pd.Series[str]", form: str, file: Path) -> dict[str, "pd.Series[str]"]:
    """The fields in a column's cells. A field takes as little text as possible, and no slash."""
    fields = PLACEHOLDER.findall(form)
    between = [re.escape(text) for text in PLACEHOLDER.sub("\0", form).split("\0")]
    pattern = re.compile("([^/]+?)".join(between))
    matches = column.map(pattern.fullmatch)
    refuse(file, str(column.name), column, matches.isna(), f"names of the form {form}, or another {OPTION}")
    return {field: matches.map(lambda match, i=i: match[i]) for i, field in enumerate(fields, start=1)}
