"""Fisher diagonals of a whole study: computed once, ahead of the trials, on every node; and what is said where a pull is too strong."""

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from rich.console import Console
from safetensors.torch import save_file

from harness import embedded, fishers
from harness.methods import DecoupledL2, Ewc, Vanilla
from harness.plan import plan
from harness.resources import Resources
from harness.store import Store
from harness.study import Study
from harness.sweep import Outcome, sweep
from tests.conftest import SHORT
from tests.test_sweep import run


def test_a_diagonal_that_cannot_be_had_fails_its_trials_alone(study: Study, tmp_path: Path) -> None:
    """One whose text changed after the plan, and one in whose place lies that of another encoder."""
    text = tmp_path / "text"
    text.mkdir()
    for language in ("de", "hi"):
        (text / f"{language}.txt").write_bytes((embedded.TEXT / f"{language}.txt").read_bytes())
    several = replace(study, methods=(Vanilla(), Ewc(strength=1.0, examples=3, text=str(text))))
    store, out = Store(tmp_path / "store"), io.StringIO()
    planned = plan(several)
    (text / "hi.txt").write_text("anders\n" * 9, encoding="utf-8")
    wanted = fishers.needed(planned)[0]
    other = replace(wanted, encoder=replace(wanted.encoder, revision="sha256:other"))
    (tmp_path / "store" / "fisher").mkdir(parents=True)
    save_file({"weight": torch.ones(1)}, tmp_path / "store" / wanted.name, metadata={"identity": json.dumps(other.identity)})
    outcome = sweep(several, planned, store, Resources(), Console(file=out, width=250))
    assert outcome == Outcome(3, 1, 2, 3)
    assert "data: the text for 'hi' changed since the study was planned" in out.getvalue()
    assert "is of another estimate (encoder 'sha256:other' instead of" in out.getvalue()


def test_a_diagonal_reaches_the_other_nodes_of_a_store_that_is_no_folder(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store("memory://steadytune-diagonals")
    (request,) = fishers.needed(plan(replace(study, methods=(Ewc(strength=1.0, languages=("de",), examples=2),))))
    monkeypatch.setattr("pathlib.Path.home", lambda: tmp_path / "one")
    assert fishers.lacking([request], store) == [request]
    here = fishers.provide(request, store, 1)
    assert here.is_relative_to(tmp_path / "one")
    monkeypatch.setattr("pathlib.Path.home", lambda: tmp_path / "other")
    monkeypatch.setattr("harness.fisher.diagonal", None)  # whatever were computed again would fail
    assert fishers.lacking([request], store) == []
    there = fishers.provide(request, store, 1)
    assert there.is_relative_to(tmp_path / "other")
    assert there.read_bytes() == here.read_bytes()


def test_a_pull_that_overshoots_is_warned_of_before_the_run_and_its_divergence_said(study: Study, tmp_path: Path) -> None:
    from analysis.sections import summary, troubles
    from analysis.stored import load
    from analysis.view import View

    store = Store(tmp_path / "store")
    hot = replace(study, methods=(DecoupledL2(strength=1e15),), settings=(replace(SHORT, max_steps=12),), targets=("de",))
    outcome, out = run(hot, store)
    assert outcome == Outcome(1, 1, 0, 1)
    assert "Warning: decoupled_l2(strength=1e+15) at learning rate 0.001: learning rate × strength is 1e+12; above 2" in out
    (row,) = troubles.table(View(load(store, hot.name))).rows
    assert "diverged" in str(row[5])
    assert "learning rate × λF reaches 1e+12: above 2 a plain gradient step overshoots θ* by more than it was away" in str(row[6])
    notes = summary.table(View(load(store, hot.name))).notes
    assert "Trials that diverged, with a loss or gradient that was not finite, are included: 1 of decoupled_l2(strength=1e+15)." in notes
    # The largest λF of ewc is known once F is.
    strong = replace(study, methods=(Ewc(strength=1e9, languages=("de",), examples=3),), targets=("de",))
    run(strong, store)
    assert any(
        "ewc(strength=1e+09, examples=3): learning rate × λF reaches" in note
        for note in summary.table(View(load(store, strong.name))).notes
    )
