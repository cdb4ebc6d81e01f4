"""Fisher diagonals of a whole study: computed once, before the trials, on every node.

Also the notes about a pull that is too strong.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.execution.plan import plan
from harness.execution.sweep import SweepOutcome
from harness.fisher import supply
from harness.methods import DecoupledL2, Ewc
from harness.store.store import Store
from harness.study import Study
from tests.helpers.studies import SHORT
from tests.helpers.sweeps import run


def test_a_diagonal_reaches_the_other_nodes_of_a_store_that_is_no_folder(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store("memory://steadytune-diagonals")
    (request,) = supply.needed(plan(replace(study, methods=(Ewc(strength=1.0, languages=("de",), examples=2),))))
    monkeypatch.setattr("pathlib.Path.home", lambda: tmp_path / "one")
    assert supply.lacking([request], store) == [request]
    here = supply.provide(request, store, 1)
    assert here.is_relative_to(tmp_path / "one")
    monkeypatch.setattr("pathlib.Path.home", lambda: tmp_path / "other")
    monkeypatch.setattr("harness.fisher.diagonal_files.diagonal", None)  # any new computation would fail
    assert supply.lacking([request], store) == []
    there = supply.provide(request, store, 1)
    assert there.is_relative_to(tmp_path / "other")
    assert there.read_bytes() == here.read_bytes()


def test_a_pull_that_overshoots_is_warned_of_before_the_run_and_its_divergence_said(
    study: Study, tmp_path: Path
) -> None:
    from analysis.results.from_store import load
    from analysis.results.view import View
    from analysis.sections import summary, troubles

    store = Store(tmp_path / "store")
    hot = replace(
        study, methods=(DecoupledL2(strength=1e15),), settings=(replace(SHORT, max_steps=12),), targets=("de",)
    )
    outcome, out = run(hot, store)
    assert outcome == SweepOutcome(1, 1, 0, 1)
    assert (
        "Warning: decoupled_l2(strength=1e+15) at learning rate 0.001: learning rate × strength is 1e+12; above 2"
        in out
    )
    (row,) = troubles.table(View(load(store, hot.name))).rows
    assert "diverged" in str(row[5])
    assert "learning rate × λF reaches 1e+12: above 2 a plain gradient step ends further from θ* than it began" in str(
        row[6]
    )
    notes = summary.table(View(load(store, hot.name))).notes
    assert (
        "Trials that diverged, with a loss or gradient that was not finite, are included: 1 of "
        "decoupled_l2(strength=1e+15)." in notes
    )
    # The largest λF of ewc is known only with F.
    strong = replace(study, methods=(Ewc(strength=1e9, languages=("de",), examples=3),), targets=("de",))
    run(strong, store)
    assert any(
        "ewc(strength=1e+09, examples=3): learning rate × λF reaches" in note
        for note in summary.table(View(load(store, strong.name))).notes
    )


def test_a_diagonal_on_a_worker_has_the_time_limit_of_a_trial(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.common.users.own_code import packed
    from harness.execution.on_ray.cluster import _provide
    from harness.execution.resources import Resources

    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    store = Store(tmp_path / "store")
    (request,) = supply.needed(plan(replace(study, methods=(Ewc(strength=1.0, languages=("de",), examples=2),))))
    with pytest.raises(Exception, match="took longer than --minutes-per-trial"):
        _provide(request, store.place, Resources(minutes=1e-4), 0, packed({}))
    assert supply.lacking([request], store) == [request]
