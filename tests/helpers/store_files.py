"""Helpers that find the files of a store and change their content."""

import json
from collections.abc import Callable
from pathlib import Path

from harness.store.store import Store
from tests.helpers.studies import CONFIG

LOST = "/proc/self/mem"
"""A file whose start the system cannot read: an input/output error, as from a bad sector."""


def file_of(store: Store, name: str, trial: str = CONFIG.id) -> Path:
    """The file of that name in the trial's folder."""
    (found,) = Path(store.root, "trials", trial).glob(name)
    return found


def files(store: Store) -> list[Path]:
    """All files of a store."""
    return sorted(file for file in Path(store.root).rglob("*") if file.is_file())


def changed(*path: str, to: object) -> Callable[[bytes], bytes]:
    """A function that changes one value of a JSON file and drops its checksum, as a manual edit would."""

    def change(content: bytes) -> bytes:
        found = json.loads(content)
        found.pop("checksum", None)
        *way, last = path
        inner = found
        for key in way:
            inner = inner[key]
        inner[last] = to
        return json.dumps(found).encode()

    return change


def former(store: Store, trial: str) -> None:
    """Turn the trial's record into a record of a version that did not store the rules of scoring."""
    file = file_of(store, "result.json", trial)
    found = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({key: found[key] for key in found if key not in ("scorer", "checksum")}))


STUDY = """
task: udpos
data: {cut}
encoder: {cut}/encoder
methods: [vanilla]
settings: [{{learning_rate: 1e-3, max_steps: {steps}, batch_size: 4}}]
seeds: {seeds}
targets: [de]
"""
