"""Heartbeats: other processes see a running trial, and do not see the trial of a dead process."""

import math
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.store.heartbeats import Heartbeat, Progress
from harness.store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def state() -> Heartbeat:
    """A trial of this process in the middle of its training."""
    progress = Progress()
    progress.begin("training", 100)
    progress.step, progress.history = 40, [{"step": 40, "loss": 1.25}]
    progress.began -= 20
    progress.count(2000)
    return progress.snapshot("a", time.time() - 30)


def test_a_running_trial_has_a_heartbeat_with_progress_until_its_end(store: Store) -> None:
    store.beat(state())
    (found,) = store.heartbeats(["a", "b"]).values()
    assert found.progress() == "training, step 40 of 100, loss 1.25, 100 tokens/s, 30 s left"
    assert found.words().endswith(", training, step 40 of 100")
    assert found.words().startswith(f"on {os.uname().nodename} since 20")
    assert not store.heartbeats(["b"])
    store.end_beat("a")
    assert not store.heartbeats()


def test_the_heartbeat_of_a_dead_process_or_host_does_not_count(store: Store) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    store.beat(replace(state(), process=ended.pid))
    assert not store.heartbeats()
    elsewhere = replace(state(), host="elsewhere", process=ended.pid)
    store.beat(elsewhere)
    assert store.heartbeats()
    store.beat(replace(elsewhere, time=time.time() - 61))
    assert not store.heartbeats()


@pytest.mark.parametrize("values", [{"process": 10**30}, {"process": 0}, {"since": 1e300}, {"since": math.nan}])
def test_a_heartbeat_with_impossible_numbers_does_not_count(store: Store, values: dict[str, Any]) -> None:
    store.beat(replace(state(), **values))
    assert store.names("running") == ["a.json"]
    assert not store.heartbeats()
    store.clear()


def test_the_heartbeat_of_a_killed_process_is_removed_by_the_next_run(store: Store) -> None:
    killed = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    store.beat(replace(state(), id="mine", process=killed.pid))
    store.beat(replace(state(), id="elsewhere", host="elsewhere"))
    store.beat(state())
    store.clear()
    assert store.names("running") == ["a.json", "elsewhere.json", "mine.json"]
    killed.kill()
    killed.wait()
    store.clear()
    assert store.names("running") == ["a.json", "elsewhere.json"]


@pytest.mark.parametrize("content", ["", "{}", '{"id": "b"}', '{"id": "a", "host": 3}', "[1]", "\0"])
def test_a_broken_heartbeat_does_not_count_and_stays(store: Store, content: str) -> None:
    store.beat(state())
    file = Path(store.root, "running", "a.json")
    file.write_text(content)
    assert not store.heartbeats()
    assert store.repair() == []
    assert file.exists()


def test_heartbeats_of_a_store_by_url_are_a_minute_apart() -> None:
    store = Store("memory://beats")
    assert store.beat_seconds == 60
    store.beat(state())
    assert store.heartbeats()
    store.beat(replace(state(), host="elsewhere", time=time.time() - 200))
    assert store.heartbeats()
    store.end_beat("a")
    assert not store.heartbeats()
