"""``paper/zero-shot-*``: which way of fine-tuning transfers best at its best hyperparameters? Tables 1, 2 and 7–9.

Vanilla, l2 and ewc, each at its best setting with three seeds, on the paper's 14 languages (Section 4.2). XNLI has 13
of these languages (no ja), UDPOS 13 (no sw), PAWS-X five. For ewc, one model is trained for each target language, with
the Fisher information of the language's Wikipedia.

The best hyperparameters are not printed. Here the first row of the task and method in Table 10 is taken as the best
setting. In two tasks vanilla's and l2's rows differ, but only in the first row (XNLI's warmup, UDPOS's epochs). It
looks as if each method's best setting comes first, with four settings around it. The frozen methods' best settings
(Table 16) also have the epochs of l2's first rows. ewc is not in Table 10; it has vanilla's setting.

Not in the paper, see ``search_spaces.paper``: batch size, length, schedule, λ, seeds. Most trials are ewc's, three per
language.
"""

from harness.study import Arm, Setting, Study
from search_spaces.paper import DATA, MBERT, PULLED, SEEDS, TITLES, VANILLA, WIKIPEDIA, languages
from search_spaces.paper.sensitivity import SETTINGS

TABLES = {"xnli": "Tables 1, 2", "panx": "Tables 1, 7", "udpos": "Tables 1, 8", "pawsx": "Tables 1, 9"}


def best(task: str, method: str = "vanilla") -> tuple[Setting]:
    """The setting that is taken as the best of ``vanilla`` or ``l2``."""
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
