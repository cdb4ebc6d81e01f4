"""``stress/ladder``: at which learning rate does each method break? The rate is doubled until all methods have
collapsed.

Vanilla, l2 and decoupled_l2 at seven rates, three seeds: 63 trials, about a quarter of an hour on two cores. There is
no ewc, because it trains a model for each language.

The rates were chosen by trying one seed, on German and Hindi. Vanilla had collapsed at 0.006, decoupled_l2 at 0.016,
and l2 with λ = 0.01 at 0.032. No method survived the last rate or a higher rate.

With the quickstart's λ of 0.05, l2 collapsed at one rate and learned at a higher rate. Its English F1 was 59 at 0.064,
1 at 0.096 and 64 at 0.128. While the rate decays, the pull brings the weights back. The λ here is therefore the weaker
0.01.
"""

from dataclasses import replace

from harness.methods import L2, DecoupledL2, Vanilla
from harness.study import Study
from search_spaces.stress import CENTRE, SEEDS, TARGETS

RUNGS = (0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064)

STUDY = Study(
    name="stress/ladder",
    question="At which learning rate does each method break, and in which language first?",
    task="udpos",
    methods=(Vanilla(), L2(strength=0.01), DecoupledL2(strength=10.0)),
    settings=tuple(replace(CENTRE, learning_rate=rate) for rate in RUNGS),
    seeds=SEEDS,
    targets=TARGETS,
    precision="fp32",
)
