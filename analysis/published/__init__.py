"""The paper's Tables 1–22 as data: the figures are ``load(number)``, the descriptions ``TABLES``.

Each table is one CSV, ``table_01.csv`` to ``table_22.csv``. The first line is a comment with the table's number and
caption. The rest is tidy, one row per printed figure, with the columns

- ``table`` (its number), ``encoder`` (``mBERT`` or ``XLM-R Large``), ``task`` (our names: the paper's Wikiann and PANX
  are ``panx``),
- ``method`` (our names; ``published`` for the figures quoted from Hu et al. 2020, ``ewc(target+en)`` and
  ``ewc(mix target-en)`` for the variants of Table 15), ``label`` (the row as printed),
- ``language`` (a code; ``en`` is the source, ``zero-shot`` the average over target languages),
- ``statistic`` (``mean``; ``std`` over runs; ``change`` against vanilla, in brackets in Table 1; ``correlation``),
- ``value``, the figure as printed: 79 is not 79.00, and +1.64 has its sign.

Table 5 has a ``corpus`` (``wikipedia`` or ``xnli``) instead of method and language. Tables 10 and 16 are
hyperparameters, one row per setting. Figure 1 is absent, because the text of the paper used here has no data for it. In
that text Table 6's first two rows share the label "Vanilla w/ L2"; Tables 2 and 8 identify them.

Read with care:

- Table 10 has a block Wikiann and a block PANX, which are one task, and no block PAWS-X. The block PANX (5 or 8 epochs)
  is taken for PAWS-X: its ``task`` is ``pawsx`` and its ``block`` is PANX.
- Table 16 leaves the prompts of bitfit and adapter empty for XNLI and has a dash for UDPOS.
- The paper does not state the ddof of its standard deviations.
- In Table 15 the ewc rows, ``en`` included, are of models with French Fisher information.

``analysis.published.checks`` lists contradictions between the figures.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from io import StringIO

import pandas as pd

from harness.common.errors import bad

MBERT, XLMR_LARGE = "mBERT", "XLM-R Large"
TASKS = ("xnli", "panx", "udpos", "pawsx")
SOURCE, ZERO_SHOT = "en", "zero-shot"
KEYS = ["method", "language"]
"""Columns that identify a figure of one statistic."""
BEHIND = {1: (2, 7, 8, 9), 3: (4, 11, 12, 13), 6: (2, 8)}
"""By table of averages: the tables with the languages behind the averages."""


class Kind(StrEnum):
    """The question that a table answers."""

    BEST = "best"
    """One setting, the method's best, over seeds."""
    SENSITIVITY = "sensitivity"
    """Several settings."""
    FROZEN = "frozen"
    """Methods that freeze most of the encoder."""
    EXTREME = "extreme"
    """A learning rate far from the best."""
    EWC_VARIANTS = "ewc-variants"
    """Variants of ewc's Fisher information."""
    CORRELATION = "correlation"
    """Correlation of Fréchet distance and zero-shot score."""
    SETTINGS = "settings"
    """Hyperparameters, not results."""


@dataclass(frozen=True)
class PublishedTable:
    """The description of a table; its figures are ``load(number)``."""

    number: int
    kind: Kind
    what: str
    shape: str
    """The table's rows and columns as printed. ``what`` is its content in a few words."""
    tasks: tuple[str, ...]
    runs: int
    """Number of runs behind each figure; 0 if it does not apply or the paper does not state it."""
    encoder: str = MBERT

    @property
    def caption(self) -> str:
        """The paper's caption."""
        return _text(self.number).partition("\n")[0].partition(": ")[2]

    @property
    def source(self) -> str:
        """Number and caption."""
        return f"Table {self.number}: {self.caption}"


TABLES: dict[int, PublishedTable] = {
    table.number: table
    for table in (
        PublishedTable(
            1, Kind.BEST, "zero-shot averages", "3 methods × 4 tasks, with the change against vanilla", TASKS, 3
        ),
        PublishedTable(2, Kind.BEST, "every language", "3 methods × en, 13 targets, average", ("xnli",), 3),
        PublishedTable(
            3,
            Kind.SENSITIVITY,
            "en and zero-shot averages",
            "2 methods × en, zero-shot × 4 tasks, mean ± std",
            TASKS,
            5,
        ),
        PublishedTable(
            4, Kind.SENSITIVITY, "every language", "2 methods × en, 14 targets, average, mean ± std", ("xnli",), 5
        ),
        PublishedTable(5, Kind.CORRELATION, "correlations over languages", "2 corpora × 4 tasks", TASKS, 0),
        PublishedTable(
            6, Kind.FROZEN, "en and zero-shot averages", "5 methods × en, zero-shot × 2 tasks", ("xnli", "udpos"), 3
        ),
        PublishedTable(7, Kind.BEST, "every language", "3 methods × en, 14 targets, average", ("panx",), 3),
        PublishedTable(8, Kind.BEST, "every language", "3 methods × en, 13 targets, average", ("udpos",), 3),
        PublishedTable(9, Kind.BEST, "every language", "3 methods × en, 5 targets, average", ("pawsx",), 3),
        PublishedTable(
            10,
            Kind.SETTINGS,
            "settings of Tables 3, 4, 11–13",
            "4 tasks × 2 methods × 5 settings × 3 hyperparameters",
            TASKS,
            0,
        ),
        PublishedTable(
            11, Kind.SENSITIVITY, "every language", "2 methods × en, 39 targets, average, mean ± std", ("panx",), 5
        ),
        PublishedTable(
            12, Kind.SENSITIVITY, "every language", "2 methods × en, 28 targets, average, mean ± std", ("udpos",), 5
        ),
        PublishedTable(
            13, Kind.SENSITIVITY, "every language", "2 methods × en, 5 targets, average, mean ± std", ("pawsx",), 5
        ),
        PublishedTable(
            14, Kind.EXTREME, "zero-shot averages at a learning rate of 1e-4", "2 methods × 4 tasks", TASKS, 0
        ),
        PublishedTable(15, Kind.EWC_VARIANTS, "en and fr", "5 methods × 2 languages", ("xnli",), 0),
        PublishedTable(
            16,
            Kind.SETTINGS,
            "settings of Tables 6, 17 and 18",
            "2 tasks × 3 methods × 5 hyperparameters",
            ("xnli", "udpos"),
            0,
        ),
        PublishedTable(17, Kind.FROZEN, "every language", "3 methods × en, 13 targets, average", ("xnli",), 3),
        PublishedTable(18, Kind.FROZEN, "every language", "3 methods × en, 13 targets, average", ("udpos",), 3),
        PublishedTable(
            19, Kind.BEST, "every language", "3 methods × en, 13 targets, average", ("xnli",), 1, XLMR_LARGE
        ),
        PublishedTable(
            20, Kind.BEST, "every language", "3 methods × en, 14 targets, average", ("panx",), 1, XLMR_LARGE
        ),
        PublishedTable(
            21, Kind.BEST, "every language", "3 methods × en, 13 targets, average", ("udpos",), 1, XLMR_LARGE
        ),
        PublishedTable(
            22, Kind.BEST, "every language", "3 methods × en, 5 targets, average", ("pawsx",), 1, XLMR_LARGE
        ),
    )
}


def table(number: int) -> PublishedTable:
    """The description of a table. Raises ``UserError`` for an unknown number."""
    if number not in TABLES:
        raise bad("published table", number, f"a number from {min(TABLES)} to {max(TABLES)}")
    return TABLES[number]


def load(number: int) -> pd.DataFrame:
    """A table's figures, one per row, with the columns in the module's docstring.

    ``value`` is a float, and ``printed`` the text in the paper. In Tables 10 and 16, learning_rate is a float;
    warmup_steps, epochs and setting are integers; prompts, size and seeds are text. Raises ``UserError`` for an unknown
    number.
    """
    return _frame(table(number).number).copy()


@cache
def _frame(number: int) -> pd.DataFrame:
    text = _text(number)
    frame = pd.read_csv(StringIO(text), skiprows=1, dtype=str, keep_default_na=False, na_values=[])
    if "value" in frame:
        frame = frame.rename(columns={"value": "printed"}).assign(value=lambda found: found["printed"].astype(float))
    integers = [name for name in ("table", "setting", "warmup_steps", "epochs") if name in frame]
    floats = [name for name in ("learning_rate",) if name in frame]
    return frame.astype(dict.fromkeys(integers, "int64") | dict.fromkeys(floats, "float64"))


def figures(number: int, task: str | None = None, statistic: str = "mean") -> dict[str, dict[str, float]]:
    """A table's figures of one statistic by method and language. ``task`` is needed for a table with several tasks.

    Raises ``UserError`` for an unknown number, and for a task or a statistic that the table lacks.
    """
    rows = of_task(number, task)
    rows = rows[rows["statistic"] == statistic] if {"statistic", "method"} <= set(rows) else rows[:0]
    if rows.empty:
        raise bad("published table", number, f"a table that has the {statistic} of methods")
    found: dict[str, dict[str, float]] = {}
    for method, language, value in zip(rows["method"], rows["language"], rows["value"], strict=True):
        found.setdefault(method, {})[language] = value
    return found


def targets_of(number: int, task: str | None = None) -> list[str]:
    """The target languages behind a table's averages, from the tables in ``BEHIND`` if it names none.

    Empty for Table 14: the paper does not state its languages. Raises ``UserError`` for a table without languages.
    """
    rows = of_task(number, task)
    if "language" not in rows:
        raise bad("published table", number, "a table of scores per language")
    own = [str(language) for language in rows["language"].unique() if language not in (SOURCE, ZERO_SHOT)]
    if own or number not in BEHIND:
        return own
    return targets_of(next(other for other in BEHIND[number] if rows["task"].iloc[0] in TABLES[other].tasks))


def of_task(number: int, task: str | None = None) -> pd.DataFrame:
    """A table's rows of one task; ``task`` may be omitted if the table has only one.

    Raises ``UserError`` for an unknown number, and for a task that the table lacks.
    """
    known = table(number).tasks
    if task is None and len(known) == 1:
        task = known[0]
    if task not in known:
        raise bad("task", task, f"a task of the paper's Table {number}: {', '.join(known)}")
    frame = load(number)
    return frame[frame["task"] == task].reset_index(drop=True)


def wide(rows: pd.DataFrame) -> pd.DataFrame:
    """The columns mean and std by method and language, in the order of a table's rows."""
    found = rows.set_index([*KEYS, "statistic"])["value"].unstack("statistic").reindex(columns=["mean", "std"])
    return found.reindex(pd.MultiIndex.from_frame(rows[KEYS].drop_duplicates()))


@cache
def _text(number: int) -> str:
    return resources.files(__name__).joinpath(f"table_{number:02}.csv").read_text(encoding="utf-8")
