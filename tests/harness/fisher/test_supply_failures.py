"""Fisher diagonals that are not available."""

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from rich.console import Console
from safetensors.torch import save_file

from harness import embedded
from harness.execution.plan import plan
from harness.execution.resources import Resources
from harness.execution.sweep import SweepOutcome, sweep
from harness.fisher import supply
from harness.methods import Ewc, Vanilla
from harness.store.store import Store
from harness.study import Study


@pytest.mark.usefixtures("one_worker")
@pytest.mark.nightly
def test_a_diagonal_that_cannot_be_had_fails_its_trials_alone(study: Study, tmp_path: Path) -> None:
    """One has text that changed after the plan; in place of the other lies a diagonal of another encoder."""
    text = tmp_path / "text"
    text.mkdir()
    for language in ("de", "hi"):
        (text / f"{language}.txt").write_bytes((embedded.TEXT / f"{language}.txt").read_bytes())
    several = replace(study, methods=(Vanilla(), Ewc(strength=1.0, examples=3, text=str(text))))
    store, out = Store(tmp_path / "store"), io.StringIO()
    planned = plan(several)
    (text / "hi.txt").write_text("anders\n" * 9, encoding="utf-8")
    wanted = supply.needed(planned)[0]
    other = replace(wanted, encoder=replace(wanted.encoder, revision="sha256:other"))
    (tmp_path / "store" / "fisher").mkdir(parents=True)
    save_file(
        {"weight": torch.ones(1)}, tmp_path / "store" / wanted.name, metadata={"identity": json.dumps(other.identity)}
    )
    outcome = sweep(several, planned, store, Resources(), Console(file=out, width=250))
    assert outcome == SweepOutcome(3, 1, 2, 3)
    assert "data: the text for 'hi' changed since the study was planned" in out.getvalue()
    assert "belongs to another estimate (encoder 'sha256:other' instead of" in out.getvalue()
