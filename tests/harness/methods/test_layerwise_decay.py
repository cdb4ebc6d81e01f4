"""Learning rates that decay by layer, through the real trainer."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.data.context import TrialContext
from harness.methods import Adapter, Composed, LayerFreeze, LayerwiseDecay, Lora, Vanilla
from harness.study import TrialConfig
from harness.training.building import build_trainer
from tests.helpers.fine_tuned import LAYERS, STEPS, Recorder, depth, plain, rows_of, same, whole
from tests.helpers.studies import SHORT


def test_every_layer_has_its_own_learning_rate(trial: Callable[..., TrialConfig], cache: Path) -> None:
    setting = replace(SHORT, warmup_steps=2, max_steps=6)
    trainer = build_trainer(TrialContext.of(trial(LayerwiseDecay(decay=0.8), setting=setting), cache))
    recorder = Recorder()
    trainer.add_callback(recorder)
    trainer.train()
    schedule = [0.0, 0.5, 1.0, 0.75, 0.5, 0.25]  # two steps up, four down
    assert len(recorder.rates) == len(schedule)
    for share, rates in zip(schedule, recorder.rates, strict=True):
        assert rates.keys() == whole(plain()).keys()  # each once, see ``Recorder``
        for name, rate in rates.items():
            assert rate == pytest.approx(1e-3 * share * 0.8 ** (LAYERS + 1 - depth(name)), rel=1e-9), name
    logged = [row["learning_rate"] for row in rows_of(trainer)]
    undecayed = build_trainer(TrialContext.of(trial(setting=setting), cache))
    undecayed.train()
    assert logged == [row["learning_rate"] for row in rows_of(undecayed)]
    assert max(logged) == 1e-3


def test_a_decay_of_1_equals_vanilla(trial: Callable[..., TrialConfig], fit: Any) -> None:
    ours, other = (fit(trial(method, setting=STEPS)) for method in (LayerwiseDecay(decay=1.0), Vanilla()))
    assert same(whole(ours.model), whole(other.model))
    assert ours.history == other.history


def test_a_decay_trains_exactly_the_trainable_parameters(trial: Callable[..., TrialConfig], cache: Path) -> None:
    for method, trained in {
        LayerFreeze(layers=2): {name for name in whole(plain()) if depth(name) > 2},
        Lora(): None,
        Adapter(): None,
    }.items():
        trainer = build_trainer(
            TrialContext.of(
                trial(Composed(methods=(method, LayerwiseDecay(decay=0.5))), setting=replace(STEPS, max_steps=1)), cache
            )
        )
        wanted = {name for name, p in trainer.model.named_parameters() if p.requires_grad}
        assert trained is None or wanted == trained
        recorder = Recorder()
        trainer.add_callback(recorder)
        trainer.train()
        assert recorder.rates[0].keys() == wanted
        for name, rate in recorder.rates[0].items():
            assert rate == pytest.approx(1e-3 * 0.5 ** (LAYERS + 1 - depth(name))), name
