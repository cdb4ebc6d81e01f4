"""Ray Tune: an experiment's folder, with a folder for each trial.

A trial's folder has ``result.json`` and ``progress.csv``, or ``params.json`` and at least one of ``result.json``,
``progress.csv`` and ``error.txt``. The last reported value of each name counts. ``params.pkl`` and the experiment's
state are not read.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from analysis.results.csv_files import cells
from analysis.results.importers.runs import (
    ForeignRuns,
    Importer,
    flat,
    folders,
    json_lines,
    json_of,
    last_values,
    of_folders,
)
from harness.common import files

PARAMETERS, RESULTS, PROGRESS, ERROR = "params.json", "result.json", "progress.csv", "error.txt"
MAX_ERROR = 300
"""Characters of an error that are shown."""


def _is_trial(names: "set[str]") -> bool:
    return (PARAMETERS in names and bool({RESULTS, PROGRESS, ERROR} & names)) or {RESULTS, PROGRESS} <= names


def _recognises(path: Path) -> bool:
    return path.is_dir() and any(_is_trial({*names}) for _, names in folders(path))


def _read(root: Path) -> ForeignRuns:
    return of_folders(root, {place: _trial(place) for place, names in folders(root) if _is_trial({*names})})


def _trial(place: Path) -> Mapping[str, Any]:
    reported = flat(_reported(place))
    config = json_of(place / PARAMETERS) if (place / PARAMETERS).is_file() else {}
    return {**reported, **flat({"config": config}), **_failure(place / ERROR)}


def _reported(place: Path) -> dict[str, Any]:
    """The last reported values; none if the trial has not reported yet."""
    if (place / RESULTS).is_file():
        return last_values(flat(row) for row in json_lines(place / RESULTS))
    file = place / PROGRESS
    if not file.is_file() or not file.stat().st_size:
        return {}
    return last_values(iter(cells.read(file, ()).frame.to_dict("records")))  # type: ignore[arg-type]


def _failure(file: Path) -> dict[str, str]:
    if not file.is_file():
        return {}
    lines = files.text(files.read(file), str(file)).strip().splitlines()
    return {"status": "failed", "error": lines[-1][:MAX_ERROR] if lines else ""}


IMPORTER = Importer("trials of Ray Tune", _recognises, _read)
