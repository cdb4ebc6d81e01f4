"""A method's own settings may be drawn."""

from dataclasses import replace

import search_spaces
from harness import designs, ranges
from harness.methods import Vanilla
from harness.study import Arm


def test_a_methods_own_settings_may_be_drawn() -> None:
    own = designs.random(points=2, seed=0, learning_rate=ranges.loguniform(1e-4, 1e-2), max_steps=60)
    study = replace(search_spaces.load("designs/grid"), methods=(Arm(method=Vanilla(), settings=own),))
    assert study.arms[0].settings == own
