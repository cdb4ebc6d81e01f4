"""A search on the real Ray that is killed half way and resumes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import search_spaces
from harness.store.store import Store
from harness.tuning.journal import FINISHED, RUNNING, STOPPED, SearchTrial, read
from tests.helpers.searches import journal, run


@pytest.mark.usefixtures("one_worker")
@pytest.mark.nightly
def test_killed_half_way_it_goes_on_with_what_had_ended(
    search_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.tuning import sampling

    place = tmp_path / "store"
    command = [
        sys.executable,
        "-m",
        "harness.cli",
        "search",
        str(search_file),
        "--no-report",
        "--store",
        str(place),
    ]
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 240

    def ended() -> list[SearchTrial]:
        known = read(Store(place, create=False), "tuned") if (place / "studies" / "tuned.json").exists() else []
        return [one for one in known if one.status in (FINISHED, STOPPED)]

    while len(ended()) < 2:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    time.sleep(3)  # Ray's own processes notice
    study, store = search_spaces.load(str(search_file)), Store(place)
    known = journal(study, store).of("vanilla")
    assert 2 <= len(known) < 4
    results = {one: one.stat().st_mtime_ns for one in place.glob("trials/*/*.json")}

    given: list[dict[str, Any]] = []

    class Spy(sampling.Sampler):
        def __init__(self, **options: Any) -> None:
            given.append(options)
            super().__init__(**options)

    monkeypatch.setattr(sampling, "Sampler", Spy)
    out = run(study, store)
    assert f"{4 - len(known)} to draw" in out
    assert len(given) == 1
    assert [point["learning_rate"] for point in given[0]["points_to_evaluate"]] == [
        one.setting.learning_rate for one in known
    ]
    assert given[0]["evaluated_rewards"] == [one.dev for one in known]
    after = read(store, "tuned")
    assert [one.id for one in after[: len(known)]] == [one.id for one in known]
    assert sum(one.draws for one in after) == 4
    assert RUNNING not in {one.status for one in after}
    assert {one: one.stat().st_mtime_ns for one in results} == results  # no ended trial ran again
    assert len(after) == 4  # no ended point is drawn again
