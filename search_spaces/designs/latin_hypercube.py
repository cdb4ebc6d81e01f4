"""``designs/latin-hypercube``: the question of ``designs/sobol``, at the points of a Latin hypercube.

With 8 points, every eighth of each range has one point. A hypercube with more points has other points. 16 trials, about
four minutes on two cores.
"""

from harness import designs
from harness.ranges import loguniform, randint
from harness.study import Study
from search_spaces.designs import METHODS, TARGETS

STUDY = Study(
    name="designs/latin-hypercube",
    question="Does a pull towards the pretrained weights steady zero-shot tagging at a Latin hypercube of settings?",
    task="udpos",
    methods=METHODS,
    settings=designs.latin_hypercube(
        points=8, seed=0, learning_rate=loguniform(3e-4, 6e-3), warmup_steps=randint(0, 21), max_steps=60, batch_size=16
    ),
    seeds=(0,),
    targets=TARGETS,
    precision="fp32",
)
