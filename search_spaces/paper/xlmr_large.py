"""``paper/xlmr-large-*``: does l2 also help a stronger encoder? Tables 19–22 (Appendix H).

Vanilla and l2 with XLM-R Large and "a single seed", on the languages of Tables 2 and 7–9. The tables' first rows are
quoted from Hu et al. (2020).

The paper prints no hyperparameter for this encoder; Table 10's are mBERT's. Here the hyperparameters come from XTREME's
scripts for this encoder, since the quoted rows are from XTREME. The learning rate is 3e-5 for XNLI and 2e-5 for the
others. There are 5 epochs for pairs, 10 for sentences, and no warmup. The strength λ is the same as for mBERT: the
paper does not give λ, nor whether λ was chosen anew.

Not in the paper, see ``search_spaces.paper``: batch size, length, schedule, the seed. Two trials per task.
"""

from harness.study import Study
from search_spaces.paper import DATA, PULLED, SEEDS, TITLES, VANILLA, XLMR_LARGE, at, languages

SETTINGS = {"xnli": at(3e-5, 0, 5), "panx": at(2e-5, 0, 10), "udpos": at(2e-5, 0, 10), "pawsx": at(2e-5, 0, 5)}
TABLES = {"xnli": "Table 19", "panx": "Table 20", "udpos": "Table 21", "pawsx": "Table 22"}

STUDIES = tuple(
    Study(
        name=f"paper/xlmr-large-{task}",
        question=f"{title}: does l2 raise the zero-shot scores of XLM-R Large?",
        reproduces=TABLES[task],
        task=task,
        methods=(VANILLA, PULLED),
        settings=(SETTINGS[task],),
        seeds=SEEDS[:1],
        targets=languages(task),
        encoder=XLMR_LARGE,
        data=DATA,
    )
    for task, title in TITLES.items()
)
