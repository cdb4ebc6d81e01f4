"""``paper/lambda-xnli``: how strong should the pull be? Figure 1.

l2 at several λ and vanilla, six seeds each, on XNLI: the figure is of each λ's gain over vanilla in the mean of the
target languages.

The text says "over 6 different seeds" and neither which nor what λ the figure's axis has. λ here is 0.0001 to 1 in
decades, two on either side of the 0.01 of the other studies; the seeds are those of the other studies and three more.
All methods have vanilla's best setting (see ``zero_shot``), so that nothing but λ differs.

Unsaid, see ``search_spaces.paper``: batch size, length, schedule. 36 trials, three of which ``paper/zero-shot-xnli``
has.
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
