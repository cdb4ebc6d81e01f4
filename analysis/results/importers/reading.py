"""Results of other programs, read like results of a study."""

from collections.abc import Sequence
from pathlib import Path

from analysis.results import from_csv
from analysis.results.csv_files import cells
from analysis.results.frame import Results
from analysis.results.importers import IMPORTERS, column_map, find
from analysis.results.importers.tidying import tidied
from harness.common import files
from harness.common.errors import UserError


def foreign_table(name: str, maps: Sequence[str] = ()) -> Path | None:
    """The text file of a name, if an importer must read it; ``None`` if the file is in steadytune's own form.

    With ``maps`` an importer reads a file of any form. Raises ``UserError`` if there is no such file.
    """
    file = files.existing("results", name, "the name of a study that was run")
    return file if maps or find(file) is not None else None


def read(path: Path, maps: Sequence[str] = (), *, source: str | None = None) -> Results:
    """The results of another program.

    Args:
        path: a folder or a table.
        maps: values of ``--map``, as in ``analysis.results.importers.column_map``.
        source: language of the training data. The default is the runs' own source, then English.

    Raises:
        UserError: a file cannot be read, a field is not found, or a value is refused as in a table of results.
    """
    chosen = column_map.parse(maps)
    importer = find(path) or (IMPORTERS["runs"] if path.is_file() else None)
    if importer is None:
        known = "; ".join(importer.title for importer in IMPORTERS.values())
        raise UserError(
            f"{path}: the store has no study of that name, and the folder has no results of a known program: {known}"
        )
    runs = importer.read(path)
    if not len(runs.frame):
        raise UserError(f"{path}: there are no runs")
    rows = tidied(runs, chosen, path, source)
    notes = (f"{path.name} is read as {importer.title}.", *runs.notes, *rows.notes)
    found = cells.Cells(rows.frame, runs.separator, notes, points=rows.points)
    return from_csv.results(found, path, source=source)
