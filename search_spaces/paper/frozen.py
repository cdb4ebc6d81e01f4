"""``paper/frozen-*``: is freezing most of the encoder better than a pull? Tables 6, 17 and 18, settings of Table 16.

soft_prompt, bitfit and adapter with Table 16's learning rates, epochs, prompts, sizes and seeds, beside vanilla and l2.
Vanilla and l2 of Table 6 are also in Tables 2 and 8, so their trials are shared with ``paper/zero-shot-xnli`` and
``paper/zero-shot-udpos``.

Table 6's first two rows share a label, "Vanilla w/ L2"; Tables 2 and 8 show that the first is vanilla. Table 16 has no
warmup, so the warmup here is 0. The table's learning rate of soft prompts is 0.01 for XNLI and 0.001 for UDPOS, kept as
printed. For the places of prompts and adapters and the start of a soft prompt, the paper only cites other papers: see
``harness.methods``. Not in the paper, see ``search_spaces.paper``: batch size, length, schedule, λ. 15 trials per task.
"""

from harness.methods import Adapter, Bitfit, SoftPrompt
from harness.study import Arm, Study
from search_spaces.paper import DATA, MBERT, PULLED, SEEDS, TITLES, VANILLA, at, languages
from search_spaces.paper.zero_shot import best

SETTINGS = {
    "xnli": {"soft_prompt": at(1e-2, 0, 3), "bitfit": at(1e-3, 0, 3), "adapter": at(1e-3, 0, 3)},
    "udpos": {"soft_prompt": at(1e-3, 0, 15), "bitfit": at(1e-3, 0, 15), "adapter": at(1e-3, 0, 15)},
}
"""Table 16 by task and method."""
FROZEN = (SoftPrompt(tokens=20), Bitfit(), Adapter(size=64))
TABLES = {"xnli": "Tables 6, 17", "udpos": "Tables 6, 18"}

STUDIES = tuple(
    Study(
        name=f"paper/frozen-{task}",
        question=f"{TITLES[task]}: do soft prompts, bitfit or adapters transfer better than l2?",
        reproduces=TABLES[task],
        task=task,
        methods=(
            VANILLA,
            Arm(method=PULLED, settings=best(task, "l2")),
            *(Arm(method=method, settings=(settings[method.name],)) for method in FROZEN),
        ),
        settings=best(task),
        seeds=SEEDS,
        targets=languages(task),
        encoder=MBERT,
        data=DATA,
    )
    for task, settings in SETTINGS.items()
)
