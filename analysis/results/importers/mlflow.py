"""MLflow: the CSV file of ``mlflow.search_runs().to_csv``.

Parameters are in columns ``params.<name>``, metrics in ``metrics.<name>``, and the status is in ``status``.
"""

from pathlib import Path

from analysis.results.csv_files.cells import header
from analysis.results.importers.run_table import is_wide
from analysis.results.importers.runs import Importer, of_table


def _recognises(path: Path) -> bool:
    return is_wide(path) and any(name.startswith("metrics.") for name in header(path))


IMPORTER = Importer("MLflow's table of runs", _recognises, of_table)
