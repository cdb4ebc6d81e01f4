"""``paper/frechet``: does transfer fall with the Fréchet distance between languages? Table 5 (Section 5.3).

The studies have vanilla's scores of each task at its best setting. ``steadytune fisher`` correlates the scores with
each language's distance from English (root of Eq. 3). The table has a row with F of Wikipedia and a row with F of
XNLI's test set. ``paper/frechet`` is the column XNLI; ``paper/frechet-panx``, ``-udpos`` and ``-pawsx`` are the other
three.
Commands for both rows of a column:

    steadytune run paper/frechet
    steadytune fisher paper/frechet --text wikipedia --text task --examples 1000

    steadytune run paper/frechet-panx
    steadytune fisher paper/frechet-panx --text wikipedia --text xnli --examples 1000

The text is the same in all four columns, so each F is computed once. XNLI has no ja, so the second row of the other
columns lacks ja; the command says so.

The paper leaves some choices open, besides the choices in ``search_spaces.paper``:

- The runs: here the three seeds of ``paper/zero-shot-*``, with the same trials.
- The languages: here the paper's 14.
- The amount of text behind F: here 1000 windows.
- The correlation: the report has Pearson's and Spearman's.

Three trials per task.
"""

from harness.study import Study
from search_spaces.paper import DATA, MBERT, SEEDS, TITLES, VANILLA, languages
from search_spaces.paper.zero_shot import best

STUDIES = tuple(
    Study(
        name="paper/frechet" if task == "xnli" else f"paper/frechet-{task}",
        question=f"{title}: do zero-shot scores fall with the Fréchet distance of the language from English?",
        reproduces="Table 5",
        task=task,
        methods=(VANILLA,),
        settings=best(task),
        seeds=SEEDS,
        targets=languages(task),
        encoder=MBERT,
        data=DATA,
    )
    for task, title in TITLES.items()
)
