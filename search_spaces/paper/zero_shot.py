"""``paper/zero-shot-*``: which way of fine-tuning transfers best at its best hyperparameters? Tables 1, 2 and 7–9.

Vanilla, l2 and ewc, each at its best setting with three seeds, on the paper's 14 languages (Section 4.2): 13 for XNLI,
which has no ja, 13 for UDPOS, which has no sw, five for PAWS-X. ewc is one model for each target language, with the
Fisher information of its Wikipedia.

The best hyperparameters are not printed. Taken for them is the first row of the task and method in Table 10: in the two
tasks where vanilla's and l2's rows differ at all, it is this row that does (XNLI's warmup, UDPOS's epochs), as if each
method's best were put first and four more around it. Frozen methods' best (Table 16) have the epochs of l2's first
rows, too. ewc is not in Table 10: it has vanilla's.

Unsaid, see ``search_spaces.paper``: batch size, length, schedule, λ, seeds. Most trials are ewc's, three a language.
"""

from harness.study import Arm, Setting, Study
from search_spaces.paper import DATA, MBERT, PULLED, SEEDS, TITLES, VANILLA, WIKIPEDIA, languages
from search_spaces.paper.sensitivity import SETTINGS

TABLES = {"xnli": "Tables 1, 2", "panx": "Tables 1, 7", "udpos": "Tables 1, 8", "pawsx": "Tables 1, 9"}


def best(task: str, method: str = "vanilla") -> tuple[Setting]:
    """What is taken for the best setting of ``vanilla`` or ``l2``."""
    return SETTINGS[task][method][:1]


STUDIES = tuple(
    Study(
        name=f"paper/zero-shot-{task}",
        question=f"{title}: does a pull towards the pretrained weights, l2 or ewc, raise zero-shot scores?",
        reproduces=TABLES[task],
        task=task,
        methods=(VANILLA, Arm(method=PULLED, settings=best(task, "l2")), WIKIPEDIA),
        settings=best(task),
        seeds=SEEDS,
        targets=languages(task),
        encoder=MBERT,
        data=DATA,
    )
    for task, title in TITLES.items()
)
