"""``example/strength-udpos``, ``example/strength-panx``: the strength of l2's pull, chosen on the English dev set.

Four λ at two rates, with a seed that the other studies do not use. The target language is there because a study needs
one; its scores are not used. The rule was fixed before the run. The first λ has the highest mean dev score over the two
rates. The second λ is the largest other λ that loses at most two points against the first at the lower rate. The dev
scores at the two rates:

- PAN-X: 23.3 and 0.0 for vanilla, 60.1 and 0.0 for λ = 0.001, 67.1 and 20.4 for 0.01, 69.0 and 49.0 for 0.1, 46.7 and
  54.6 for 1. So the two λ are 0.1 and 0.01.
- UDPOS: 93.3 and 81.8 for vanilla, 93.7 and 83.4 for 0.001, 93.6 and 92.5 for 0.01, 90.1 and 92.6 for 0.1, 68.1 and
  85.5 for 1. So the two λ are 0.01 and 0.001.
"""

from harness.methods import L2, Vanilla
from harness.study import Setting, Study
from search_spaces.example import DATA, ENCODER
from search_spaces.paper import TITLES

RATES = (5e-4, 2e-3)
STRENGTHS = (0.001, 0.01, 0.1, 1.0)

STUDIES = tuple(
    Study(
        name=f"example/strength-{task}",
        question=f"{TITLES[task]}: which strengths of l2's pull keep the English dev score?",
        task=task,
        methods=(Vanilla(), *(L2(strength=strength) for strength in STRENGTHS)),
        settings=tuple(Setting(learning_rate=rate, warmup_steps=15, max_steps=150, batch_size=16) for rate in RATES),
        seeds=(9,),
        targets=("de",),
        encoder=ENCODER,
        data=DATA,
        precision="bf16",
    )
    for task in ("udpos", "panx")
)
