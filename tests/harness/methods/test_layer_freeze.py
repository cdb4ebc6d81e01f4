"""Frozen layers, through the real trainer on the shipped encoder."""

from collections.abc import Callable
from typing import Any

import pytest

from harness.methods import LayerFreeze
from harness.study import TrialConfig
from tests.helpers.fine_tuned import LAYERS, STEPS, depth, moved, plain, whole


@pytest.mark.parametrize("layers", [0, 2, LAYERS])
def test_frozen_layers_stay_and_other_layers_move(trial: Callable[..., TrialConfig], fit: Any, layers: int) -> None:
    model = fit(trial(LayerFreeze(layers=layers), setting=STEPS)).model
    keys = {name for name in whole(model) if name.endswith("key.bias")}
    expected = {name for name in whole(plain()) if depth(name) > layers}
    assert moved(model) - keys == expected - keys
    assert moved(model) <= expected
    assert {name for name, p in model.named_parameters() if p.requires_grad} == expected
