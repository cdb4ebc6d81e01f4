"""``example/ladder``: at which learning rate does each method of ``example/panx`` break? 84 trials, about an hour.

Seven rates, each twice the one before, all else alike. All methods have the same rates here, so that every method is
paired with vanilla. In ``example/panx``, vanilla collapsed at rates above 7e-4. bitfit and lora scored highest at
3.6e-3.
"""

from dataclasses import replace

from harness.study import Arm, Setting
from search_spaces.example import full_depth

CENTRE = Setting(learning_rate=2.5e-4, warmup_steps=15, max_steps=150, batch_size=16)
RUNGS = (0.00025, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016)
_PANX = full_depth("panx", strengths=(0.01, 0.1))

STUDY = replace(
    _PANX,
    name="example/ladder",
    question="PAN-X: at which learning rate does each method break, and in which language first?",
    methods=tuple(method.method if isinstance(method, Arm) else method for method in _PANX.methods),
    settings=tuple(replace(CENTRE, learning_rate=rate) for rate in RUNGS),
    looks=None,
)
