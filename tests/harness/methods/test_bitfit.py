"""BitFit, through the real trainer on the shipped encoder."""

from collections.abc import Callable
from typing import Any

from harness.methods import Bitfit
from harness.study import TrialConfig
from tests.helpers.fine_tuned import HEAD, LAYERS, STEPS, moved, plain, whole


def test_bitfit_moves_only_the_biases_and_the_head(trial: Callable[..., TrialConfig], fit: Any) -> None:
    changed = moved(fit(trial(Bitfit(), setting=STEPS)).model)
    biases = {name for name in whole(plain()) if name.endswith(".bias")}
    # softmax is invariant to them: their gradient is rounding
    keys = {name for name in biases if name.endswith("attention.self.key.bias")}
    assert len(biases) == 1 + LAYERS * 8 + 1
    assert changed - keys == (biases | HEAD) - keys
