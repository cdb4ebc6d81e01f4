"""A study continues in the precision of its finished trials."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.execution.attempt import failed
from harness.execution.kept_precision import with_kept_precision
from harness.execution.plan import plan
from harness.store.store import Store
from harness.study import Study
from harness.training.trial import run_trial


@pytest.fixture
def begun(study: Study, tmp_path: Path) -> tuple[Study, str]:
    """A study that asks for auto, whose first trial was run in fp32."""
    fp32 = replace(study, precision="fp32")
    trials = plan(fp32, gpus=0)
    store = Store(tmp_path)
    store.save_study(fp32, trials)
    store.save(trials[0], run_trial(trials[0], cache=tmp_path / "cache"))
    return replace(study, precision="auto"), str(tmp_path)


def test_a_study_continues_in_fp32(
    begun: tuple[Study, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    study, place = begun
    monkeypatch.setattr("harness.training.precision.has_fast_bf16", lambda: True)
    kept = with_kept_precision(study, place, 0)
    assert kept == replace(study, precision="fp32")
    assert "'--set precision=bf16' runs all its trials anew in bf16" in capsys.readouterr().out


def test_a_given_precision_is_used(begun: tuple[Study, str], capsys: pytest.CaptureFixture[str]) -> None:
    study, place = begun
    given = replace(study, precision="bf16")
    assert with_kept_precision(given, place, 0) == given
    assert capsys.readouterr().out == ""


def test_a_failed_trial_keeps_no_precision(study: Study, tmp_path: Path) -> None:
    fp32 = replace(study, precision="fp32")
    trials, store = plan(fp32, gpus=0), Store(tmp_path)
    store.save_study(fp32, trials)
    failed(trials[0], store, "RuntimeError: no", "")
    asked = replace(study, precision="auto")
    assert with_kept_precision(asked, str(tmp_path), 0) == asked


def test_no_precision_is_kept_without_finished_trials(begun: tuple[Study, str], tmp_path: Path) -> None:
    study, place = begun
    assert with_kept_precision(study, str(tmp_path / "none"), 0) == study
    assert with_kept_precision(replace(study, name="other"), place, 0).precision == "auto"
    assert not (tmp_path / "none").exists()
