"""``paper/extreme-*``: do models still learn at a far too large learning rate? Table 14 (Appendix E).

Vanilla and l2 at 1e-4, "quite different from the best set of hyperparameters". The paper does not give the other
hyperparameters; here they are taken from each method's best setting (see ``zero_shot``). Nor does it give the number of
runs or the languages. Here there are three seeds, because one run at the edge of collapse says little. The languages
are the paper's 14, as in the tables of best settings, for a comparison with these tables.

Not in the paper, see ``search_spaces.paper``: batch size, length, schedule, λ. Six trials per task.
"""

from dataclasses import replace

from harness.study import Arm, Study
from search_spaces.paper import DATA, MBERT, PULLED, SEEDS, TITLES, VANILLA, languages
from search_spaces.paper.zero_shot import best

RATE = 1e-4

STUDIES = tuple(
    Study(
        name=f"paper/extreme-{task}",
        question=f"{title}: does l2 still learn and transfer at a learning rate of 1e-4?",
        reproduces="Table 14",
        task=task,
        methods=(VANILLA, Arm(method=PULLED, settings=(replace(best(task, "l2")[0], learning_rate=RATE),))),
        settings=(replace(best(task)[0], learning_rate=RATE),),
        seeds=SEEDS,
        targets=languages(task),
        encoder=MBERT,
        data=DATA,
    )
    for task, title in TITLES.items()
)
