"""Helpers that change times of end and provenance in records of made-up scores, or remove trials' files."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from harness.store.store import Store
from harness.study import TrialConfig


def altered(store: Store, trials: Iterable[TrialConfig], *, finished: str = "", **provenance: Any) -> None:
    """Set the time of end and provenance values in the trials' records; packages are added to the existing packages."""
    for trial in trials:
        file = Path(store.root, "trials", trial.id, "result.json")
        if not file.exists():
            continue
        record = json.loads(file.read_text())
        record.pop("checksum", None)
        record["finished"] = finished or record["finished"]
        packages: Mapping[str, str] = provenance.get("packages", {})
        record["provenance"] |= provenance | {"packages": {**record["provenance"]["packages"], **packages}}
        file.write_text(json.dumps(record))


def removed(store: Store, trials: Iterable[TrialConfig]) -> None:
    """Remove the trials' files, as if the trials had not run."""
    for trial in trials:
        for file in Path(store.root, "trials", trial.id).iterdir():
            file.unlink()
