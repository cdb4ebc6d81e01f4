"""Sweeps on the real thing: Ray Tune and this process give one result, and killing, failing and asking for more lose nothing."""

import io
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from harness import attempt as attempts
from harness.methods import L2, Ewc, Vanilla
from harness.plan import plan
from harness.resources import Resources
from harness.store import Store
from harness.study import Study
from harness.sweep import Outcome, sweep
from harness.trial import TrialResult, run_trial

HERE = Resources(local=True)


def run(study: Study, store: Store, resources: Resources = HERE, *, retry_failed: bool = False) -> tuple[Outcome, str]:
    out = io.StringIO()
    outcome = sweep(study, plan(study), store, resources, Console(file=out, width=200), retry_failed=retry_failed)
    return outcome, out.getvalue()


def scores(store: Store, study: Study) -> dict[str, object]:
    return {trial.id: (store.record(trial.id) or {}).get("scores") for trial in plan(study)}


def test_only_what_is_missing_runs(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "store")
    assert run(study, store)[0] == Outcome(2, 2, 0, 2)
    monkeypatch.setattr("harness.trial.run_trial", None)  # whatever ran now would fail
    assert run(study, store)[0] == Outcome(2, 2, 0, 0)
    # Another study shares its trials, whatever its name and however few of their languages it wants.
    assert run(replace(study, name="other", methods=(Vanilla(),), targets=("hi",)), store)[0] == Outcome(1, 1, 0, 0)


def test_a_failed_trial_is_recorded_and_runs_again_only_when_asked(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "store")

    def breaks(config, **rest) -> TrialResult:  # type: ignore[no-untyped-def]
        if config.method.name == "l2":
            raise RuntimeError("out of\nluck")
        return run_trial(config, **rest)

    monkeypatch.setattr("harness.trial.run_trial", breaks)
    outcome, out = run(study, store)
    assert outcome == Outcome(2, 1, 1, 2)
    assert "failed: RuntimeError: out of luck" in out
    failed = plan(study)[1]
    failure = store.failure(failed.id)
    assert failure is not None
    assert failure.error == "RuntimeError: out of luck"
    assert "in breaks" in failure.traceback
    outcome, out = run(study, store)
    assert outcome == Outcome(2, 1, 1, 0)
    assert "1 failed before" in out
    assert "--retry-failed" in out
    monkeypatch.setattr("harness.trial.run_trial", run_trial)
    assert run(study, store, retry_failed=True)[0] == Outcome(2, 2, 0, 1)
    assert store.failure(failed.id) is None


def test_more_languages_replace_the_record_whole_and_keep_the_old_ones(study: Study, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    first = replace(study, methods=(Vanilla(),), targets=("de",))
    run(first, store)
    before = store.record(plan(first)[0].id)
    second = replace(first, targets=("hi",))
    assert run(second, store)[0].ran == 1
    record = store.record(plan(first)[0].id)
    assert before is not None
    assert record is not None
    assert set(record["scores"]["test"]) == {"en", "de", "hi"}
    assert record["scores"]["test"]["de"] == before["scores"]["test"]["de"]
    assert run(first, store)[0].ran == run(second, store)[0].ran == 0


def test_ctrl_c_stops_at_once_and_records_no_failure(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "store")

    def interrupted(*args: object, **rest: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("harness.trial.run_trial", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(study, store)
    assert store.failures(trial.id for trial in plan(study)) == {}


def test_an_attempt_never_raises(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "store")
    monkeypatch.setattr("harness.trial.run_trial", lambda *args, **rest: 1 / 0)
    ended = attempts.attempt(plan(study)[0], store, 1)
    assert ended.error == "ZeroDivisionError: division by zero"


@pytest.mark.slow
def test_ray_and_this_process_give_the_same_scores(study: Study, tmp_path: Path) -> None:
    methods = (Vanilla(), L2(strength=0.01), Ewc(strength=100.0, languages=("hi",), examples=4))
    wide = replace(study, methods=methods)
    here, there = Store(tmp_path / "here"), Store(tmp_path / "there")
    assert run(wide, here)[0] == Outcome(3, 3, 0, 3)
    outcome, out = run(wide, there, Resources())
    assert outcome == Outcome(3, 3, 0, 3), out
    assert scores(here, wide) == scores(there, wide)
    assert len(out.splitlines()) == 4, out  # Ray and Tune are silent


KILLED = """
task: udpos
methods: [vanilla, {name: l2, strength: 0.01}]
settings: [{learning_rate: 1e-3, max_steps: 12, batch_size: 8}]
seeds: [0, 1, 2]
targets: [de]
"""


@pytest.mark.slow
def test_killed_in_the_middle_nothing_is_lost_or_run_twice(tmp_path: Path) -> None:
    file = tmp_path / "killed.yaml"
    file.write_text(KILLED, encoding="utf-8")
    command = [sys.executable, "-m", "harness.cli", "run", str(file), "--no-report", "--store"]

    def finished(store: str) -> dict[str, int]:
        return {f.parent.name: f.stat().st_mtime_ns for f in Path(store).glob("trials/*/result.json")}

    undisturbed, disturbed = str(tmp_path / "undisturbed"), str(tmp_path / "disturbed")
    subprocess.run([*command, undisturbed, "--local"], check=True, capture_output=True)
    process = subprocess.Popen([*command, disturbed], start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 300
    while len(finished(disturbed)) < 2:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    time.sleep(3)  # Ray's own processes notice
    before = finished(disturbed)
    assert 2 <= len(before) < 6
    ended = subprocess.run([*command, disturbed], check=True, capture_output=True, text=True)
    after = finished(disturbed)
    assert f"{len(before)} finished before" in ended.stdout
    assert {trial: after[trial] for trial in before} == before
    first, second = Store(undisturbed), Store(disturbed)
    assert set(after) == set(finished(undisturbed))
    for trial in after:
        assert (first.record(trial) or {})["scores"] == (second.record(trial) or {})["scores"]


@pytest.mark.slow
def test_a_worker_that_dies_is_a_failed_trial_and_stops_no_other(tmp_path: Path) -> None:
    file = tmp_path / "killed.yaml"
    file.write_text(KILLED.replace("max_steps: 12", "max_steps: 40"), encoding="utf-8")
    place = tmp_path / "store"
    command = [sys.executable, "-m", "harness.cli", "run", str(file), "--no-report", "--store", str(place)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    worker = None
    deadline = time.monotonic() + 120
    while worker is None:
        assert time.monotonic() < deadline
        time.sleep(0.2)
        worker = busiest_worker()
    os.kill(worker, signal.SIGKILL)
    out, _ = process.communicate(timeout=300)
    assert process.returncode == 1, out
    store = Store(place)
    _, trials = store.study("killed")
    failures = store.failures(trial.id for trial in trials)
    assert len(failures) == 1, out
    assert len(store.records(trial.id for trial in trials)) == 5, out


def busiest_worker() -> int | None:
    """A Ray process that is in the middle of a trial: one with some seconds of processor time behind it."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                name = (folder / "cmdline").read_bytes()
                ticks = sum(int(x) for x in (folder / "stat").read_text().rsplit(")", 1)[1].split()[11:13])
            except OSError:
                continue
            if b"ray::" in name and b"IDLE" not in name and ticks / os.sysconf("SC_CLK_TCK") > 8:
                return int(folder.name)
    return None
