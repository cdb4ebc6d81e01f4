"""Weights & Biases: the CSV file of a project's table of runs, or of the recipe in W&B's documentation.

The recipe (guide to the public API, "Querying multiple runs") writes Python dictionaries as text into the columns
``summary`` and ``config``. The text is parsed as literals. Each key becomes a column ``summary.<key>`` or
``config.<key>``.
"""

import ast
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.results.csv_files.cells import header
from analysis.results.importers.run_table import is_wide
from analysis.results.importers.runs import ForeignRuns, Importer, flat, of_table
from harness.common.errors import UserError

DICTIONARIES = ("config", "summary")
STATE, NAME = "State", "Name"
"""Columns of the table on the web page."""


def _recognises(path: Path) -> bool:
    if not is_wide(path):
        return False
    names = {*header(path)}
    return {*DICTIONARIES} <= names or {STATE, NAME} <= names


def _read(file: Path) -> ForeignRuns:
    runs = of_table(file)
    packed = [name for name in DICTIONARIES if name in runs.frame]
    parts = [runs.frame.drop(columns=packed), *(_unpacked(runs.frame[name], file) for name in packed)]
    frame = pd.concat(parts, axis=1)
    return replace(runs, frame=frame.loc[:, ~frame.columns.duplicated()])


def _unpacked(column: "pd.Series[str]", file: Path) -> pd.DataFrame:
    rows = [
        {
            f"{column.name}.{name}": text
            for name, text in flat(_dictionary(cell, f"{file}:{place}: {column.name}")).items()
        }
        for place, cell in column.items()
    ]
    return pd.DataFrame(rows, index=column.index, dtype="str").fillna("")


class _WithoutInfinity(ast.NodeTransformer):
    """Replaces the names ``nan`` and ``inf``, which are no literals, with ``None``."""

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.copy_location(ast.Constant(None), node) if node.id in ("nan", "inf") else node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        inside = self.visit(node.operand)
        return inside if isinstance(inside, ast.Constant) and inside.value is None else node


def _dictionary(cell: str, where: str) -> Mapping[str, Any]:
    """The dictionary that a cell spells out. Only literals are parsed; nothing is evaluated."""
    if not cell.strip():
        return {}
    try:
        found = ast.literal_eval(_WithoutInfinity().visit(ast.parse(cell.strip(), mode="eval")))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        found = None
    if not isinstance(found, Mapping):
        raise UserError(f"{where}: holds no dictionary of names and values, as W&B's export recipe writes it")
    return {str(name): value for name, value in found.items()}


IMPORTER = Importer("Weights & Biases' table of runs", _recognises, _read)
