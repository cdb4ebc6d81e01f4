"""``paper/ewc-variants``: does the source's Fisher information help ewc? Table 15 (Appendix F).

XNLI, English to French, with vanilla, l2 and three forms of ewc. These forms have the Fisher information of French, two
penalties (French and English), or one penalty of mixed text. Vanilla, l2 and ewc (fr) of the table are also in Table 2.
Settings, seeds and nine of the fifteen trials are therefore shared with ``paper/zero-shot-xnli``. Run that study first;
otherwise it must score its further languages later, on kept weights or after another fine-tuning.

The paper does not say whether each of two penalties has the full λ or half of it; here each has the full λ. Also not in
the paper, see ``search_spaces.paper``: λ, Wikipedia's passages, batch size, length, schedule.
"""

from dataclasses import replace

from harness.study import Arm, Study
from search_spaces.paper import DATA, MBERT, PULLED, SEEDS, VANILLA, WIKIPEDIA
from search_spaces.paper.zero_shot import best

STUDY = Study(
    name="paper/ewc-variants",
    question="XNLI to French: does the source language's Fisher information help ewc, as a second penalty or mixed "
    "into one?",
    reproduces="Table 15",
    task="xnli",
    methods=(
        VANILLA,
        WIKIPEDIA,
        replace(WIKIPEDIA, plus=("en",)),
        replace(WIKIPEDIA, mix=("en",)),
        Arm(method=PULLED, settings=best("xnli", "l2")),
    ),
    settings=best("xnli"),
    seeds=SEEDS,
    targets=("fr",),
    encoder=MBERT,
    data=DATA,
)
