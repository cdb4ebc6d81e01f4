"""Clocks that jump, stores that move, and records of other versions."""

import json
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from analysis.results.from_store import load
from harness.common.errors import UserError
from harness.common.filesystem import ABANDONED
from harness.execution.plan import plan
from harness.execution.sweep import SweepOutcome
from harness.store.record import is_of
from harness.store.record_json import from_json
from harness.store.store import Store
from harness.study import Study, trial_config
from tests.helpers.store_files import changed, file_of
from tests.helpers.stores import result
from tests.helpers.studies import CONFIG
from tests.helpers.sweeps import run, scores


def test_a_clock_jump_changes_nothing(one: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steady = Store(tmp_path / "steady")
    run(one, steady)
    real, calls = time.time, iter(range(10**9))
    monkeypatch.setattr(time, "time", lambda: real() + (-1) ** next(calls) * 400 * ABANDONED)
    store = Store(tmp_path / "jumping")
    assert run(one, store)[0] == SweepOutcome(1, 1, 0, 1)
    assert scores(store, one) == scores(steady, one)
    monkeypatch.undo()
    file = file_of(store, "result.json", plan(one)[0].id)
    file.write_bytes(changed("finished", to="2999-01-01T00:00:00+00:00")(file.read_bytes()))
    os.utime(file, times=(32_000_000_000, 32_000_000_000))
    assert run(one, store)[0] == SweepOutcome(1, 1, 0, 0)
    assert load(store, "small").trials["status"].tolist() == ["finished"]


def test_a_moved_store_continues(one: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(one, Store(tmp_path / "store"))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "store").rename(tmp_path / "elsewhere" / "moved")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere" / "moved")
    monkeypatch.setattr("harness.training.trial.run_trial", None)  # any new run would fail
    for place in ("elsewhere/moved", "link"):
        assert run(one, Store(tmp_path / place))[0] == SweepOutcome(1, 1, 0, 0)
        assert load(Store(tmp_path / place, create=False), "small").trials["status"].tolist() == ["finished"]
    monkeypatch.undo()
    assert run(replace(one, seeds=(0, 1)), Store(tmp_path / "link"))[0] == SweepOutcome(2, 2, 0, 1)


def test_trials_of_another_version_stay_and_do_not_count(
    one: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "store")
    monkeypatch.setattr(trial_config, "NUMERICS", trial_config.NUMERICS - 1)
    old = plan(one)[0].id
    assert run(one, store)[0].ran == 1
    monkeypatch.undo()
    with pytest.raises(UserError, match="was run by another version of steadytune with other trial ids"):
        load(store, "small")
    assert run(one, store)[0] == SweepOutcome(1, 1, 0, 1)
    assert sorted(store.ids()) == sorted([old, plan(one)[0].id])
    assert store.record(old) is not None
    assert store.faults == []


def test_a_record_of_an_older_version_is_read(store: Store) -> None:
    file = file_of(store, "result.json")
    record = json.loads(file.read_bytes())
    for name in ("replicate", "task_code", "selected_on", "trim_vocabulary", "dev_data", "checkpoint"):
        del record["config"][name]
    for name in ("train_examples", "label_noise", "accumulation"):
        del record["config"]["setting"][name]
    for values in record["scores"]["test"].values():
        values.pop("unknown", None)
    del record["finished"], record["checksum"]
    assert is_of(from_json(record, CONFIG.id), CONFIG)
    record["config"] |= {"newer": 1}
    record["config"]["setting"] |= {"newer": 1}
    assert is_of(from_json(record, CONFIG.id), CONFIG)
    file.write_text(json.dumps(record))
    assert list(store.standing([CONFIG], files=True).finished) == [CONFIG.id]


def test_every_new_name_is_synced_before_the_record_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A power cut must not remove the folder of a trial with complete files."""
    synced: list[str] = []
    real = os.fsync

    def recorded(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", recorded)
    store = Store(tmp_path / "deep" / "store")
    store.save(CONFIG, result())
    monkeypatch.undo()
    root = Path(store.root)
    last = max(
        number
        for number, path in enumerate(synced)
        if path.startswith(str(root / "trials" / CONFIG.id / ".result.json."))
    )
    for folder in (root.parent.parent, root.parent, root, root / "trials", root / "trials" / CONFIG.id):
        assert str(folder) in synced[:last], folder
    for kind in ("predictions", "history"):
        assert any(path.startswith(str(root / "trials" / CONFIG.id / f".{kind}-")) for path in synced[:last])
    assert str(root / "trials" / CONFIG.id) in synced[last:]
