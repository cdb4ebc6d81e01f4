"""``designs/sobol``: does a pull towards the pretrained weights steady zero-shot scores over the whole of two ranges?

Learning rate and warmup follow a Sobol sequence of 8 points. With 16 points the first 8 stay the same, and only the
others run. 16 trials, about four minutes on two cores.
"""

from harness import designs
from harness.ranges import loguniform, randint
from harness.study import Study
from search_spaces.designs import METHODS, TARGETS

STUDY = Study(
    name="designs/sobol",
    question="Does a pull towards the pretrained weights steady zero-shot tagging all over learning rate and warmup?",
    task="udpos",
    methods=METHODS,
    settings=designs.sobol(
        points=8, seed=0, learning_rate=loguniform(3e-4, 6e-3), warmup_steps=randint(0, 21), max_steps=60, batch_size=16
    ),
    seeds=(0,),
    targets=TARGETS,
    precision="fp32",
)
