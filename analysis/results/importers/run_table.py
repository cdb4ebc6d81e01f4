"""Any CSV file with one row per run, such as MLflow's download from its web page."""

from pathlib import Path

from analysis.results.csv_files.cells import header
from analysis.results.importers.runs import Importer, of_table

OWN = ("method", "seed", "language", "score")
LONG = {"language", "score"}
"""Columns that only steadytune's own form has; a file with one of them is of that form."""


def is_wide(file: Path) -> bool:
    """Whether a text file has a header without any column of ``LONG``."""
    return file.is_file() and bool(names := header(file, OWN)) and not LONG & {*names}


IMPORTER = Importer("a table with one row per run", is_wide, of_table)
