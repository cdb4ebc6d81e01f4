"""These helpers find the files of a store and change what is in them."""

import json
from collections.abc import Callable
from pathlib import Path

from harness.store.store import Store
from tests.helpers.studies import CONFIG

LOST = "/proc/self/mem"
"""What the system cannot read at its start: an input/output error, as of a bad sector."""


def file_of(store: Store, name: str, trial: str = CONFIG.id) -> Path:
    """The trial's folder has one file of that name."""
    (found,) = Path(store.root, "trials", trial).glob(name)
    return found


def files(store: Store) -> list[Path]:
    """These are all files of a store."""
    return sorted(file for file in Path(store.root).rglob("*") if file.is_file())


def changed(*path: str, to: object) -> Callable[[bytes], bytes]:
    """The function changes one value of a JSON file, as somebody would who leaves no checksum."""

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
    """The trial's record becomes that of a version that did not say by which rules it scored."""
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
