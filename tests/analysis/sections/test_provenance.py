"""The provenance table, from records on disk."""

from dataclasses import replace
from pathlib import Path

from analysis.rendering.table import Table
from analysis.results.from_store import load
from analysis.results.view import View
from analysis.sections import provenance
from harness.methods import L2, Vanilla
from tests.helpers import synthetic
from tests.helpers.altered import altered

STUDY = synthetic.study(2, methods=(Vanilla(), L2(strength=0.1)), rates=2, seeds=3, name="made")


def rows(table: Table) -> dict[str, str]:
    return {str(what): str(values) for what, values in table.rows}


def test_values_that_differ_have_their_methods(tmp_path: Path) -> None:
    store = synthetic.store(tmp_path / "store", STUDY, histories=False)
    trials = synthetic.trials(STUDY)
    before = rows(provenance.table(View(load(store, "made"))))
    assert before["device"] == "none"
    assert "processor" not in before
    altered(store, [trial for trial in trials if isinstance(trial.method, L2)], device="H100", processor="X")
    altered(store, trials[:1], git={"commit": "b" * 40, "dirty": True}, code="0" * 16)
    after = rows(provenance.table(View(load(store, "made"))))
    assert after["device"] == "none (vanilla: 6); H100 (l2(strength=0.1): 4)"
    assert after["code"] == (
        "commit bbbbbbbbbbbb with uncommitted changes (vanilla: 1); installed package (vanilla: 5, l2(strength=0.1): 4)"
    )
    assert after["processor"] == "X"
    assert after["platform"] == before["platform"]


def test_many_methods_are_counted(tmp_path: Path) -> None:
    many = replace(STUDY, methods=tuple(L2(strength=float(i)) for i in range(1, 15)))
    store = synthetic.store(tmp_path / "store", many, histories=False)
    altered(store, synthetic.trials(many)[:1], device="H100")
    values = rows(provenance.table(View(load(store, "made"))))["device"]
    assert values == "H100 (l2(strength=1): 1); none (81 trials of 14 methods)"
