"""``example/ladder``: at which learning rate does each method of ``example/panx`` break? 84 trials, about an hour.

There are seven learning rates. Each is twice the rate before it, and no other hyperparameter changes. All methods have
these rates, so every method is paired with vanilla. In ``example/panx``, vanilla collapsed at rates above 9e-4. bitfit
and lora scored highest at 3.6e-3.
"""

from dataclasses import replace

from harness.study import Setting
from search_spaces.example.panx import STUDY as PANX

RUNGS = (0.00025, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016)

STUDY = replace(
    PANX,
    name="example/ladder",
    question="PAN-X: at which learning rate does each method break, and in which language first?",
    methods=tuple(arm.method for arm in PANX.own_arms),
    settings=tuple(Setting(learning_rate=rate, warmup_steps=15, max_steps=150, batch_size=16) for rate in RUNGS),
    looks=None,
)
