"""A trial that is interrupted twice, with a checkpoint that holds every possible part."""

from dataclasses import replace
from pathlib import Path

from harness.execution.plan import plan
from harness.methods import Vanilla
from harness.store.store import Store
from harness.study import Study
from tests.helpers.cut_trials import cut, ended, same
from tests.helpers.studies import SHORT


def test_a_trial_interrupted_twice_resumes_with_accumulation_epochs_and_best_checkpoint(
    study: Study, tmp_path: Path
) -> None:
    setting = replace(SHORT, max_steps=None, epochs=2.5, batch_size=40, accumulation=2, schedule="constant")
    config = plan(replace(study, methods=(Vanilla(),), settings=(setting,), checkpoint="best"))[0]
    whole, interrupted = Store(tmp_path / "whole"), Store(tmp_path / "interrupted")
    undisturbed = ended(config, whole)
    for saves in (undisturbed[0].cost.steps // 2, 2):
        cut(config, interrupted, saves)
    found = ended(config, interrupted)
    assert len(found[0].cost.resumed_at) == 2
    assert same(found, undisturbed)
