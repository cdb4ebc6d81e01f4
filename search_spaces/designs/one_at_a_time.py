"""``designs/one-at-a-time``: which hyperparameter moves the scores most from a given setting?

The settings are the quickstart's second setting, and this setting with one change of learning rate, warmup, batch size
or schedule. 16 trials, about four minutes on two cores.
"""

from harness import designs
from harness.study import Setting, Study
from search_spaces.designs import METHODS, TARGETS

STUDY = Study(
    name="designs/one-at-a-time",
    question="Which of learning rate, warmup, batch size and schedule moves zero-shot tagging most, and does a pull "
    "lessen its effect?",
    task="udpos",
    methods=METHODS,
    settings=designs.one_at_a_time(
        Setting(learning_rate=1e-3, warmup_steps=6, max_steps=60, batch_size=16),
        learning_rate=[3e-4, 6e-3],
        warmup_steps=[0, 20],
        batch_size=[8],
        schedule=["constant", "cosine"],
    ),
    seeds=(0,),
    targets=TARGETS,
    precision="fp32",
)
