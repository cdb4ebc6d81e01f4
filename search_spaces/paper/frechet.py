"""``paper/frechet``: does transfer fall with the Fréchet distance between languages? Table 5 (Section 5.3).

Vanilla's scores of each task at its best setting, whose correlation with the distance of each language from English (Eq. 3) ``steadytune
fisher`` computes, once with F of Wikipedia and once with F of XNLI's test set. ``paper/frechet`` is the column XNLI,
``paper/frechet-panx``, ``-udpos`` and ``-pawsx`` are the other three. Both rows of a column:

    steadytune run paper/frechet
    steadytune fisher paper/frechet --text wikipedia --text task --examples 1000

    python -m search_spaces.paper.frechet xnli            # XNLI's test sets as text for the other tasks: xnli/ar.txt, xnli/bg.txt, …
    steadytune run paper/frechet-panx
    steadytune fisher paper/frechet-panx --text wikipedia --text xnli --examples 1000

The text is the same wherever it is read, so each F is computed once for all four. XNLI has no ja: the second row of the other columns is
without it, as the report says.

Not said: which runs the scores are of (here the three seeds of ``paper/zero-shot-*``, whose trials these are), over which languages (here
the paper's 14), how much text F is of (here 1000 windows), which correlation (the report has Pearson's and Spearman's). Unsaid otherwise,
see ``search_spaces.paper``. Three trials a task.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

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


def write_text(folder: Path, place: str = DATA) -> None:
    """Write the texts of XNLI's test sets, a passage a line, as ``XX.txt`` into a folder. ``place`` is as a study's ``data``."""
    from dataclasses import replace

    from harness import corpus
    from harness.plan import origin_of

    study = replace(STUDIES[0], data=place)
    origin = origin_of(study)
    folder.mkdir(parents=True, exist_ok=True)
    for language in (study.source, *study.targets):
        passages = corpus.passages(corpus.TASK, language, 10**6, origin)
        lines = (" ".join(passage.splitlines()) for passage in passages)
        (folder / f"{language}.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Write the texts of XNLI's test sets, a passage a line, as XX.txt into a folder.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data", default=DATA, help="where XNLI is: 'hub' or a directory (default: %(default)s)")
    options = parser.parse_args(arguments)
    write_text(options.folder, options.data)


if __name__ == "__main__":
    main()
