"""Real sweeps: kills, failures and requests for more languages lose no result."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from harness.common.errors import UserError
from harness.execution import attempt as attempts
from harness.execution.plan import plan
from harness.execution.resources import Resources
from harness.execution.sweep import SweepOutcome
from harness.methods import Vanilla
from harness.store.result import TrialResult
from harness.store.store import Store
from harness.study import Study
from harness.training.trial import run_trial
from tests.helpers.sweeps import run


def test_only_missing_trials_run(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "store")
    assert run(study, store)[0] == SweepOutcome(2, 2, 0, 2)
    monkeypatch.setattr("harness.training.trial.run_trial", None)  # any new run would fail
    assert run(study, store)[0] == SweepOutcome(2, 2, 0, 0)
    # Another study shares these trials, with any name and with only some of their languages.
    assert run(replace(study, name="other", methods=(Vanilla(),), targets=("hi",)), store)[0] == SweepOutcome(
        1, 1, 0, 0
    )


def test_a_failed_trial_is_recorded_and_runs_again_only_on_request(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "store")

    def breaks(config, **rest) -> TrialResult:  # type: ignore[no-untyped-def]
        if config.method.name == "l2":
            raise RuntimeError("out of\nluck")
        return run_trial(config, **rest)

    monkeypatch.setattr("harness.training.trial.run_trial", breaks)
    outcome, out = run(study, store)
    assert outcome == SweepOutcome(2, 1, 1, 2)
    assert "failed: RuntimeError: out of luck" in out
    failed = plan(study)[1]
    failure = store.failure(failed.id)
    assert failure is not None
    assert re.fullmatch(r"RuntimeError: out of luck \(.*test_sweep.py, line \d+\)", failure.error)
    assert "in breaks" in failure.traceback
    outcome, out = run(study, store)
    assert outcome == SweepOutcome(2, 1, 1, 0)
    assert "1 failed before" in out
    assert "--retry-failed" in out
    monkeypatch.setattr("harness.training.trial.run_trial", run_trial)
    outcome, out = run(study, store, retry_failed=True)
    assert outcome == SweepOutcome(2, 2, 0, 1)
    assert "1 failed before, 1 to run" in out
    assert store.failure(failed.id) is None


def test_a_broken_gpu_ends_the_command_and_fails_no_other_trial(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After such an error of CUDA, all later trials of the process would fail."""
    store, (first, second) = Store(tmp_path / "store"), plan(study)

    def breaks(config, **rest) -> TrialResult:  # type: ignore[no-untyped-def]
        raise RuntimeError("CUDA error: device-side assert triggered")

    with monkeypatch.context() as patched:
        patched.setattr("harness.training.trial.run_trial", breaks)
        with pytest.raises(UserError, match=r"GPU: unusable in this process after .*the same command continues"):
            run(study, store)
    assert store.failure(first.id) is not None
    assert store.failure(second.id) is None
    assert run(study, store)[0] == SweepOutcome(2, 1, 1, 1)
    assert store.record(second.id) is not None


def test_more_languages_replace_the_record_and_keep_the_old_scores(study: Study, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    first = replace(study, methods=(Vanilla(),), targets=("de",))
    run(first, store)
    before = store.record(plan(first)[0].id)
    second = replace(first, targets=("hi",))
    assert run(second, store)[0].ran == 1
    record = store.record(plan(first)[0].id)
    assert before is not None
    assert record is not None
    assert set(record.scores.test) == {"en", "de", "hi"}
    assert record.scores.test["de"] == before.scores.test["de"]
    assert run(first, store)[0].ran == run(second, store)[0].ran == 0


def test_ctrl_c_stops_at_once_and_records_no_failure(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "store")

    def interrupted(*args: object, **rest: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("harness.training.trial.run_trial", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(study, store)
    assert store.failures(trial.id for trial in plan(study)) == {}


def test_an_exception_becomes_the_attempts_error(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "store")
    monkeypatch.setattr("harness.training.trial.run_trial", lambda *args, **rest: 1 / 0)
    ended = attempts.attempt(plan(study)[0], store, Resources())
    assert ended.error.startswith("ZeroDivisionError: division by zero (")


def test_a_full_disk_stops_no_other_trial(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "store")
    monkeypatch.setattr(Store, "save", lambda *args: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    monkeypatch.setattr(
        Store, "save_failure", lambda *args: (_ for _ in ()).throw(OSError(28, "No space left on device"))
    )
    ended = attempts.attempt(plan(study)[0], store, Resources())
    assert "No space left on device" in ended.error
    assert "the store could not be written" in ended.error


def test_a_changed_encoder_or_test_set_is_not_trained_under_the_planned_id(study: Study, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    trial = plan(study)[0]
    for changed in (
        replace(trial, encoder_revision="sha256:0"),
        replace(trial, test_data={**trial.test_data, "de": "0"}),
    ):
        assert "changed since the study was planned" in attempts.attempt(changed, store, Resources()).error
        assert store.record(changed.id) is None


def test_a_failure_is_shown_beside_an_older_record_with_fewer_languages(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from analysis.results.from_store import load

    store = Store(tmp_path / "store")
    first = replace(study, methods=(Vanilla(),), targets=("de",))
    run(first, store)
    monkeypatch.setattr("harness.training.trial.run_trial", lambda *args, **rest: 1 / 0)
    _, out = run(replace(first, targets=("hi",)), store)
    assert "Outdated records of the trials to run: 1. An outdated record lacks languages" in out
    row = load(store, "small").trials.iloc[0]
    assert row["status"] == "failed"
    assert row["error"].startswith("ZeroDivisionError: division by zero (")


def test_an_address_without_a_cluster_gives_one_message(study: Study, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--ray-address: 'nonsense' cannot be reached"):
        run(study, Store(tmp_path / "store"), Resources(ray_address="nonsense"))


def test_too_many_cores_or_gpus_give_one_message(study: Study, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--cpus-per-trial: 4096 is not allowed; the nodes of this cluster have"):
        run(study, Store(tmp_path / "store"), Resources(cpus=4096))
