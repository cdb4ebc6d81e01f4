"""Hugging Face's Trainer: a folder of runs, each with ``trainer_state.json`` or the files of ``save_metrics``.

A score comes from ``*_results.json``, else from its last value in the log of the state. Hyperparameters come from the
model card, from the state, and from JSON files of arguments. ``training_args.bin`` is a pickle, and is not read. A
folder with a language's code, such as ``de`` or ``predict_de``, belongs to the run above it.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from analysis.results.importers.columns import LANGUAGE_FOLDER, is_scored
from analysis.results.importers.runs import ForeignRuns, Importer, folders, json_of, last_values, of_folders
from harness.common import files

STATE, CARD = "trainer_state.json", "README.md"
RESULTS = ("train_results.json", "eval_results.json", "test_results.json", "predict_results.json", "all_results.json")
ARGUMENTS = ("hparams.json", "hyperparameters.json", "args.json", "training_args.json", "run_config.json")
OF_STATE = ("num_train_epochs", "max_steps", "train_batch_size")
IN_CARD = re.compile(r"^- (\w+): (\S+)$", re.MULTILINE)
CARD_HEADING = "### Training hyperparameters"
CHECKPOINT = re.compile(r"checkpoint-(\d+)")


def _recognises(path: Path) -> bool:
    return path.is_dir() and any(_is_run(place) for place, _ in folders(path))


def _read(root: Path) -> ForeignRuns:
    runs: dict[Path, dict[str, Any]] = {}
    for place, _ in folders(root):
        if not _is_run(place):
            continue
        of_language = place != root and LANGUAGE_FOLDER.fullmatch(place.name)
        run = runs.setdefault(place.parent if of_language else place, {})
        run.update({f"{place.name}/{name}": value for name, value in _scores(place)} if of_language else _values(place))
    return of_folders(root, dict(sorted(runs.items())))


def _is_run(place: Path) -> bool:
    return _state_file(place) is not None or any((place / name).is_file() for name in RESULTS)


def _state_file(place: Path) -> Path | None:
    """The state in the run's folder, or in its last checkpoint."""
    if (place / STATE).is_file():
        return place / STATE
    steps = {file: CHECKPOINT.fullmatch(file.parent.name) for file in place.glob(f"checkpoint-*/{STATE}")}
    kept = {file: int(step[1]) for file, step in steps.items() if step}
    return max(kept, key=lambda file: kept[file], default=None)


def _values(place: Path) -> dict[str, Any]:
    """A run's hyperparameters and scores."""
    values: dict[str, Any] = _of_card(place / CARD)
    if (file := _state_file(place)) is not None:
        state = json_of(file)
        values |= {name: state[name] for name in OF_STATE if name in state}
        values |= tried if isinstance(tried := state.get("trial_params"), dict) else {}
    for name in ARGUMENTS:
        if (place / name).is_file():
            values |= json_of(place / name)
    return values | dict(_scores(place))


def _scores(place: Path) -> Iterator[tuple[str, Any]]:
    """The scores of the log, then the later scores of the result files."""
    if (file := _state_file(place)) is not None:
        log = json_of(file).get("log_history")
        yield from _scored(last_values(row for row in log if isinstance(row, dict)) if isinstance(log, list) else {})
    for name in RESULTS:
        if (place / name).is_file():
            yield from _scored(json_of(place / name))


def _scored(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    return ((name, value) for name, value in values.items() if is_scored(name))


def _of_card(file: Path) -> dict[str, str]:
    """The hyperparameters that ``Trainer.create_model_card`` lists."""
    if not file.is_file():
        return {}
    _, _, below = files.read(file).decode(errors="replace").partition(CARD_HEADING)
    return dict(IN_CARD.findall(below.partition("\n#")[0]))


IMPORTER = Importer("runs of Hugging Face's Trainer", _recognises, _read)
