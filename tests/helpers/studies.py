"""A short setting, the size of the cut data, and the config of one trial."""

from dataclasses import replace

from harness.methods import L2
from harness.ranges import loguniform, randint
from harness.study import Setting, TrialConfig

SHORT = Setting(learning_rate=1e-3, warmup_steps=1, max_steps=3, batch_size=4)
"""A few seconds of real fine-tuning."""
TRAINED, SCORED = 200, 25
"""Largest numbers of examples in a training file and in any other file of the cut data."""


SPACE = {"learning_rate": loguniform(1e-4, 1e-2), "warmup_steps": randint(0, 4)}
LONG = replace(SHORT, max_steps=9)


CONFIG = TrialConfig(
    task="udpos",
    source="en",
    method=L2(strength=0.1),
    setting=SHORT,
    seed=0,
    precision="fp32",
    encoder_revision="abc",
    training_data="def",
    texts={"de": "1"},
    encoder="embedded",
    data="embedded",
    targets=("de",),
    test_data={"en": "1", "de": "2"},
)
