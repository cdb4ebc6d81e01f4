"""``designs/random``: the question of ``designs/sobol``, at random points, with the schedule varied too.

16 trials, about four minutes on two cores.
"""

from harness import designs
from harness.ranges import choice, loguniform, randint
from harness.study import Study
from search_spaces.designs import METHODS, TARGETS

STUDY = Study(
    name="designs/random",
    question="Does a pull towards the pretrained weights steady zero-shot tagging at random settings?",
    task="udpos",
    methods=METHODS,
    settings=designs.random(
        points=8,
        seed=0,
        learning_rate=loguniform(3e-4, 6e-3),
        warmup_steps=randint(0, 21),
        schedule=choice(["linear", "constant", "cosine"]),
        max_steps=60,
        batch_size=16,
    ),
    seeds=(0,),
    targets=TARGETS,
    precision="fp32",
)
