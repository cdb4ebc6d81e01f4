"""Sweeps on the real thing: Ray Tune and this process give one result, and killing, failing and asking for more lose nothing."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from harness import attempt as attempts
from harness import namesakes
from harness.errors import UserError
from harness.methods import L2, Ewc, Vanilla
from harness.plan import plan
from harness.ranges import uniform
from harness.resources import Resources
from harness.search import Search
from harness.store import Store
from harness.study import Study
from harness.sweep import Outcome, sweep
from harness.trial import TrialResult, run_trial
from tests.conftest import SHORT

HERE = Resources(local=True)


def run(study: Study, store: Store, resources: Resources = HERE, **options: bool) -> tuple[Outcome, str]:
    out = io.StringIO()
    outcome = sweep(study, plan(study), store, resources, Console(file=out, width=250), **options)
    return outcome, out.getvalue()


def scores(store: Store, study: Study) -> dict[str, object]:
    return {trial.id: (store.record(trial.id) or {}).get("scores") for trial in plan(study)}


def test_another_study_of_the_same_name_is_told_of(study: Study, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    (trial, *_) = plan(study)
    store.save_study(study, [trial])
    assert told(replace(study, seeds=(3,), targets=("de",)), store) is None
    assert told(replace(study, name="other", question="Which?"), store) is None
    assert told(replace(study, question="Which?"), store) == (
        "the store has another study called 'small' (1 trial: ?). Its trials stay, but the record and the report of that name are now this "
        "one's; another name keeps both"
    )


def told(study: Study, store: Store) -> str | None:
    return namesakes.replaced(study, plan(study), store)


@pytest.mark.parametrize(
    ("question", "changes", "another"),
    [
        ("", {"methods": (L2(strength=0.5),)}, True),
        ("", {"seeds": (3,)}, True),  # nothing says that it is the same
        ("", {"seeds": (0, 3)}, False),
        ("", {"methods": (Vanilla(), L2(strength=0.5))}, False),
        ("?", {"methods": (L2(strength=0.5),)}, True),
        ("?", {"methods": (L2(strength=0.5),), "seeds": (3,)}, True),
        ("?", {"settings": (replace(SHORT, max_steps=9),)}, False),
        ("?", {"settings": (replace(SHORT, max_steps=9),), "search": Search(space={"learning_rate": uniform(0.1, 0.2)}, trials=3)}, True),
    ],
)
def test_a_namesake_that_shares_no_trial_is_told_of(
    study: Study, tmp_path: Path, question: str, changes: dict[str, Any], another: bool
) -> None:
    store, study = Store(tmp_path / "store"), replace(study, question=question)
    store.save_study(study, plan(study))
    note = told(replace(study, **changes), store)
    assert (note is not None) == another
    if note is not None:
        assert f"called 'small' (2 trials, none of them of this one{': ?' if question else ''})" in note


def test_a_search_that_goes_on_is_no_other_study(study: Study, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    searched = replace(study, question="", search=Search(space={"learning_rate": uniform(0.1, 0.2)}, trials=3))
    store.save_study(searched, [], [])
    assert told(searched, store) is None
    assert "another study" in (told(replace(searched, search=None), store) or "")


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
    ended = attempts.attempt(plan(study)[0], store, Resources())
    assert ended.error == "ZeroDivisionError: division by zero"


@pytest.mark.slow
def test_ray_and_this_process_give_the_same_scores(study: Study, tmp_path: Path) -> None:
    wide = replace(study, methods=(L2(strength=0.01), Ewc(strength=100.0, examples=3)))
    here, there = Store(tmp_path / "here"), Store(tmp_path / "there")
    assert run(wide, here)[0] == Outcome(3, 3, 0, 3)
    outcome, out = run(wide, there, Resources(), keep_weights=True)
    assert outcome == Outcome(3, 3, 0, 3), out
    assert scores(here, wide) == scores(there, wide)
    assert len(list(Path(there.root).glob("trials/*/weights-*/model.safetensors"))) == 3
    assert len(out.splitlines()) == 5, out  # Ray and Tune are silent
    # Fisher diagonals were computed before the trials that need them, and are not again.
    assert "Fisher information: 2 to compute (de, hi)" in out
    made = {file: file.stat().st_mtime_ns for file in Path(there.root, "fisher").glob("*.safetensors")}
    assert len(made) == 2
    assert max(made.values()) < min(Path(there.root, "trials", trial.id, "result.json").stat().st_mtime_ns for trial in plan(wide))
    outcome, out = run(replace(wide, methods=(L2(strength=0.01), Ewc(strength=2.0, examples=3))), there)
    assert outcome == Outcome(3, 3, 0, 2)
    assert "Fisher information" not in out
    assert {file: file.stat().st_mtime_ns for file in made} == made


def test_a_full_disk_stops_no_other_trial(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "store")
    monkeypatch.setattr(Store, "save", lambda *args: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    monkeypatch.setattr(Store, "save_failure", lambda *args: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    ended = attempts.attempt(plan(study)[0], store, Resources())
    assert "No space left on device" in ended.error
    assert "the store could not be written" in ended.error


def test_a_changed_encoder_or_test_set_is_not_trained_under_the_planned_name(study: Study, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    trial = plan(study)[0]
    for changed in (replace(trial, encoder_revision="sha256:0"), replace(trial, test_data={**trial.test_data, "de": "0"})):
        assert "changed since the study was planned" in attempts.attempt(changed, store, Resources()).error
        assert store.record(changed.id) is None


def test_a_failure_shows_behind_an_older_record_of_fewer_languages(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from analysis.stored import load

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
    with pytest.raises(UserError, match="--cpus-per-trial: 4096 is not allowed; the nodes of this cluster have"):
        run(study, Store(tmp_path / "store"), Resources(cpus=4096))
