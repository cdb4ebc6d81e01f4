"""``search/udpos``: the best learning rate and warmup of vanilla and l2, on the embedded encoder and data.

12 trials of each method. Each trial has 60 steps unless it is stopped at a rung, after 15 or 30 steps. Its warmup has
ended by then. Half of the trials continue beyond a rung. With a third, and with wider ranges, only one of vanilla's 12
trials reached the end. About five minutes on two cores.
"""

from harness.methods import L2, Vanilla
from harness.ranges import loguniform, randint
from harness.search import Search
from harness.study import Setting, Study

STUDY = Study(
    name="search/udpos",
    question="Which learning rate and warmup are best for each method, and do they differ?",
    task="udpos",
    methods=(Vanilla(), L2(strength=0.05)),
    settings=(Setting(learning_rate=1e-3, warmup_steps=6, max_steps=60, batch_size=16),),
    seeds=(0, 1, 2),
    targets=("ar", "de", "es", "fi", "fr", "hi", "ja", "ru", "tr", "vi", "zh"),
    precision="fp32",
    search=Search(
        space={"learning_rate": loguniform(1e-4, 1e-2), "warmup_steps": randint(0, 15)}, trials=12, reduction=2
    ),
)
