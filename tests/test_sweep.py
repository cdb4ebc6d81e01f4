"""Sweeps on the real thing: Ray Tune and this process give one result, and killing, failing and asking for more lose nothing."""

import functools
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
from harness.errors import UserError
from harness.methods import L2, Ewc, Vanilla
from harness.plan import plan
from harness.resources import Resources
from harness.store import Store
from harness.study import Study
from harness.sweep import Outcome, sweep
from harness.trial import TrialResult, run_trial

HERE = Resources(local=True)


def run(study: Study, store: Store, resources: Resources = HERE, **options: bool) -> tuple[Outcome, str]:
    out = io.StringIO()
    outcome = sweep(study, plan(study), store, resources, Console(file=out, width=250), **options)
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


def test_an_exception_becomes_the_attempts_error(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
    outcome, out = run(wide, there, Resources(), keep_weights=True)
    assert outcome == Outcome(3, 3, 0, 3), out
    assert scores(here, wide) == scores(there, wide)
    assert len(list(Path(there.root).glob("trials/*/weights-*/model.safetensors"))) == 3
    assert len(out.splitlines()) == 5, out  # Ray and Tune are silent


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
        worker = busiest_worker(process.pid)
    os.kill(worker, signal.SIGKILL)
    out, _ = process.communicate(timeout=300)
    assert process.returncode == 1, out
    store = Store(place)
    _, trials = store.study("killed")
    failures = store.failures(trial.id for trial in trials)
    assert len(failures) == 1, out
    assert len(store.records(trial.id for trial in trials)) == 5, out


def busiest_worker(driver: int) -> int | None:
    """A Ray process under ``driver`` in the middle of a trial: one with some seconds of processor time behind it."""
    processes: dict[int, tuple[int, float, bytes]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                stat = (folder / "stat").read_text().rsplit(")", 1)[1].split()
                seconds = (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")
                processes[int(folder.name)] = (int(stat[1]), seconds, (folder / "cmdline").read_bytes())
            except OSError:
                continue

    def descends(process: int) -> bool:
        while process in processes:
            process = processes[process][0]
            if process == driver:
                return True
        return False

    for process, (_, seconds, command) in processes.items():
        if b"ray::" in command and b"IDLE" not in command and seconds > 8 and descends(process):
            return process
    return None


def test_ctrl_c_ends_the_command_with_130_and_it_goes_on_from_there(tmp_path: Path) -> None:
    file = tmp_path / "killed.yaml"
    file.write_text(KILLED, encoding="utf-8")
    command = [sys.executable, "-m", "harness.cli", "run", str(file), "--no-report", "--local", "--store", str(tmp_path / "store")]
    # A background process of a shell, such as this one may be, ignores Ctrl-C, and so would its children.
    attend = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, preexec_fn=attend)
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("store/trials/*/result.json")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert err.strip() == "steadytune: interrupted; what had finished is kept, run the same command again to go on"
    store = Store(tmp_path / "store")
    _, trials = store.study("killed")
    assert store.failures(trial.id for trial in trials) == {}
    assert 1 <= len(store.records(trial.id for trial in trials)) < 6


def test_a_full_disk_stops_no_other_trial(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "store")
    monkeypatch.setattr(Store, "save", lambda *args: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    monkeypatch.setattr(Store, "save_failure", lambda *args: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    ended = attempts.attempt(plan(study)[0], store, 1)
    assert "No space left on device" in ended.error
    assert "the store could not be written" in ended.error


def test_a_changed_encoder_or_test_set_is_not_trained_under_the_planned_name(study: Study, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    trial = plan(study)[0]
    for changed in (replace(trial, encoder_revision="sha256:0"), replace(trial, test_data={**trial.test_data, "de": "0"})):
        assert "changed since the study was planned" in attempts.attempt(changed, store, 1).error
        assert store.record(changed.id) is None


def test_a_failure_shows_behind_an_older_record_of_fewer_languages(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from analysis.frame import load

    store = Store(tmp_path / "store")
    first = replace(study, methods=(Vanilla(),), targets=("de",))
    run(first, store)
    monkeypatch.setattr("harness.trial.run_trial", lambda *args, **rest: 1 / 0)
    _, out = run(replace(first, targets=("hi",)), store)
    assert "1 of them have a record that lacks languages" in out
    row = load(store, "small").trials.iloc[0]
    assert (row["status"], row["error"]) == ("failed", "ZeroDivisionError: division by zero")


def test_an_address_without_a_cluster_gets_one_message(study: Study, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--ray-address: 'nonsense' cannot be reached"):
        run(study, Store(tmp_path / "store"), Resources(ray_address="nonsense"))


def test_more_than_the_machine_has_gets_one_message(study: Study, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--cpus-per-trial: 4096 is not allowed; this cluster has"):
        run(study, Store(tmp_path / "store"), Resources(cpus=4096))
