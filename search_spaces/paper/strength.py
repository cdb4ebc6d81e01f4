"""``paper/lambda-xnli``: how strong should the pull be? Figure 1.

l2 at several λ and vanilla, six seeds each, on XNLI. The figure shows each λ's gain over vanilla in the mean over the
target languages.

The text says "over 6 different seeds", but gives neither the seeds nor the λ on the figure's axis. Here λ goes from
0.0001 to 1 in decades, two on either side of the other studies' 0.01. The seeds are the other studies' seeds and three
more. All methods have vanilla's best setting (see ``zero_shot``), so only λ differs.

Not in the paper, see ``search_spaces.paper``: batch size, length, schedule. 36 trials, of which
``paper/zero-shot-xnli`` has three.
"""

from harness.methods import L2
from harness.study import Study
from search_spaces.paper import DATA, MBERT, SEEDS, VANILLA, languages
from search_spaces.paper.zero_shot import best

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)

STUDIES = (
    Study(
        name="paper/lambda-xnli",
        question="XNLI: how do source and zero-shot scores go with the strength of the pull?",
        reproduces="Figure 1",
        task="xnli",
        methods=(VANILLA, *(L2(strength=strength) for strength in STRENGTHS)),
        settings=best("xnli"),
        seeds=(*SEEDS, 30, 40, 50),
        targets=languages("xnli"),
        encoder=MBERT,
        data=DATA,
    ),
)
