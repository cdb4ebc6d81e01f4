"""``paper/ewc-variants``: does the source's Fisher information help ewc? Table 15 (Appendix F).

XNLI, English to French: ewc with the Fisher information of French, with penalties of French and English both, with one
of mixed text, beside vanilla and l2. The table's vanilla and l2 and ewc (fr) are those of Table 2, so settings and
seeds are those of ``paper/zero-shot-xnli``, and so are nine of the fifteen trials: run that one first, or its further
languages are scored later.

Whether each of two penalties has the λ of one, or half of it, is not said; here each has it. Unsaid, see
``search_spaces.paper``: λ, Wikipedia's passages, batch size, length, schedule.
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
