"""A study in which each trial fails in its own way."""

import re
import shutil
from pathlib import Path

import pytest

from harness.cli.commands import exit_codes
from harness.cli.main import main
from harness.store.store import Store
from tests.helpers import faulty

OF_FAULTS = """
task: {folder}/faulty.py
data: {folder}/data
encoder: {encoder}
methods: [bitfit]
settings:
  design: grid
  learning_rate: 1e-3
  max_steps: 6
  batch_size: 8
  label_noise: 0.1
  train_examples: {numbers}
seeds: [0]
targets: [de]
"""
WELL = 120
"""Training examples of a trial without a fault."""


@pytest.mark.nightly
def test_a_study_in_which_everything_goes_wrong(cut: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "faulty").symlink_to(cut / "udpos")
    shutil.copy(faulty.__file__, tmp_path / "faulty.py")
    (tmp_path / "faults.yaml").write_text(
        OF_FAULTS.format(folder=tmp_path, encoder=cut / "encoder", numbers=[*range(101, 109), WELL]), encoding="utf-8"
    )
    command = ["run", str(tmp_path / "faults.yaml"), "--no-report", "--checkpoint-minutes", "0", "--store"]
    place, undisturbed = str(tmp_path / "store"), str(tmp_path / "undisturbed")
    assert main([*command, place, "--minutes-per-trial", "0.5"]) == exit_codes.FAILED_TRIALS
    out = capsys.readouterr().out
    store = Store(place)
    _, trials = store.study("faults")
    examples = {trial.id: trial.setting.train_examples for trial in trials}
    errors = {examples[trial]: failure.error for trial, failure in store.failures(examples).items()}
    for fault, error in errors.items():
        line = re.search(r" \(\S*faulty\.py, line \d+\)$", error)
        assert line is not None, error
        errors[fault] = error.removesuffix(line[0])
    records = {examples[trial]: record for trial, record in store.records(examples).items()}
    assert errors.keys() | records.keys() == set(examples.values()), out
    assert errors.pop(faulty.HANGING) == "TimeLimitError: took longer than --minutes-per-trial 0.5"
    assert errors.pop(faulty.SHORT).startswith("RuntimeError: [enforce fail at")
    assert errors.pop(faulty.BREAKING) == "RuntimeError: CUDA error: device-side assert triggered"
    raised = (faulty.LOADING, faulty.BUILDING, faulty.TRAINING, faulty.EVALUATION)
    assert errors == dict(
        zip(
            raised, (f"ValueError: {where}" for where in ("loading", "building", "training", "evaluation")), strict=True
        )
    )
    assert records.keys() == {faulty.KILLED, WELL}
    assert records[faulty.KILLED].cost.resumed_at == (2,)  # because the next batch is fetched ahead
    assert out.count(": lost, runs again: the worker was lost: ") >= 1
    assert out.count(": lost, runs again: RuntimeError: [enforce fail at") == 1

    (tmp_path / "spare").touch()
    assert main([*command, undisturbed, "--local"]) == exit_codes.OK
    assert main([*command, place, "--local", "--retry-failed"]) == exit_codes.OK
    for trial in examples:
        found, wanted = store.record(trial), Store(undisturbed).record(trial)
        assert found is not None
        assert wanted is not None
        assert (found.scores, found.history) == (wanted.scores, wanted.history)
