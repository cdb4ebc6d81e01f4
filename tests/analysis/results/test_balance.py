"""Languages and runs of a complete table, and the sentences on the rest."""

import pandas as pd

from analysis.results.balance import Balance


def test_runs_without_a_target_score_are_counted_apart() -> None:
    scores = pd.DataFrame({"de": [70.0, 60.0, None], "fr": [50.0, None, None]}, index=["r1", "r2", "r3"])
    found = Balance.of(scores)
    assert (found.languages, found.runs.tolist(), found.lacking, found.blank) == (
        ("de",),
        [True, True, False],
        {"fr": 1},
        1,
    )
    assert found.told("The score", 3) == (
        "The score is over the 1 target language (de) that all its runs have. Left out: fr (1 of 2 runs lack it). "
        "1 of 3 runs have no target score."
    )
