"""Learning rates of a ladder, and a view of results over other rates."""

from dataclasses import replace
from typing import Any

from analysis.results.from_store import load
from analysis.results.view import View
from harness.methods import L2, Vanilla
from tests.helpers import synthetic

RATES = [0.001, 0.002, 0.004, 0.008, 0.016]


def seen(tmp_path: Any, *, warmups: bool = False, **options: Any) -> View:
    """A view of made-up results over rising learning rates."""
    study = synthetic.study(4, methods=(Vanilla(), L2(strength=0.1)), **options)
    if not warmups:
        study = replace(study, settings=tuple(replace(setting, warmup_steps=0) for setting in study.settings))
    return View(load(synthetic.store(tmp_path / "store", study), study.name))
