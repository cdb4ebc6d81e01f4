"""``designs/grid``: how do learning rate and warmup act alone, and how together?

Every combination of four learning rates and two warmups. 16 trials, about four minutes on two cores.
"""

from harness import designs
from harness.study import Study
from search_spaces.designs import METHODS, TARGETS

STUDY = Study(
    name="designs/grid",
    question="How do learning rate and warmup act on zero-shot tagging, alone and together?",
    task="udpos",
    methods=METHODS,
    settings=designs.grid(learning_rate=[3e-4, 1e-3, 2e-3, 6e-3], warmup_steps=[0, 20], max_steps=60, batch_size=16),
    seeds=(0,),
    targets=TARGETS,
    precision="fp32",
)
