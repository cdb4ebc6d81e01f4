"""Ray Tune and this process give the same scores."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.execution.plan import plan
from harness.execution.resources import Resources
from harness.execution.sweep import SweepOutcome
from harness.methods import L2, Ewc
from harness.store.store import Store
from harness.study import Study
from tests.helpers.sweeps import run, scores


@pytest.mark.usefixtures("one_worker")
@pytest.mark.slow
def test_ray_and_this_process_give_the_same_scores(study: Study, tmp_path: Path) -> None:
    wide = replace(study, methods=(L2(strength=0.01), Ewc(strength=100.0, examples=3)))
    here, there = Store(tmp_path / "here"), Store(tmp_path / "there")
    assert run(wide, here)[0] == SweepOutcome(3, 3, 0, 3)
    outcome, out = run(wide, there, Resources(), keep_weights=True)
    assert outcome == SweepOutcome(3, 3, 0, 3), out
    assert scores(here, wide) == scores(there, wide)
    assert len(list(Path(there.root).glob("trials/*/weights-*/model.safetensors"))) == 3
    assert len(out.splitlines()) == 5, out  # Ray and Tune are silent
    # Fisher diagonals were computed before the trials that need them, and are not computed again.
    assert "Fisher information: 2 to compute (de, hi)" in out
    made = {file: file.stat().st_mtime_ns for file in Path(there.root, "fisher").glob("*.safetensors")}
    assert len(made) == 2
    assert max(made.values()) < min(
        Path(there.root, "trials", trial.id, "result.json").stat().st_mtime_ns for trial in plan(wide)
    )
    outcome, out = run(replace(wide, methods=(L2(strength=0.01), Ewc(strength=2.0, examples=3))), there)
    assert outcome == SweepOutcome(3, 3, 0, 2)
    assert "Fisher information" not in out
    assert {file: file.stat().st_mtime_ns for file in made} == made
