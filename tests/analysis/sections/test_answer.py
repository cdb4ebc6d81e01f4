"""The report's answer: its order, its cautions and its omissions. The claims have their own tests."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from analysis.claims import sentences
from analysis.claims.answer import answer as answer_of
from analysis.results.view import View
from analysis.sections import answer
from tests.helpers.claim_rows import grid, normal
from tests.helpers.report_rows import CHANCE, OTHER, clean, pairs, several, std, thin, view, words


def told(rows: Sequence[Mapping[str, Any]], **options: Any) -> str:
    return words(answer.section(view(rows, **options)))


def parts_of(seen: View) -> list[str]:
    section = answer.section(seen)
    clean(section)
    return [part for part in section.parts if isinstance(part, str)]  # type: ignore[union-attr]


def test_collapse_comes_first_then_the_baseline_then_the_methods(seen: View) -> None:
    parts, found = parts_of(seen), answer_of(seen)
    methods = [method for method in seen.results.methods if method != "vanilla"]
    assert parts[0] == sentences.rates(found)
    assert parts[1].startswith("Over 7 runs that did not collapse (3 settings, 3 seeds) vanilla scores")
    assert parts[2:-1] == [
        " ".join(make(found, method) for make in (sentences.collapse, sentences.spread, sentences.mean))
        for method in methods
    ]
    assert parts[-1] == (
        "Pairs in which neither run collapsed come from the easier settings, at which scores vary less. 1 run of 45 "
        "failed or is missing. A p is corrected for the number of methods (Holm). Intervals are not corrected."
    )


def test_the_movement_is_that_of_the_runs_that_did_not_collapse() -> None:
    scores = normal(1, 3, 2, vanilla=1, a=1)
    text = told(grid(scores, {"vanilla": [(0, 0), (2, 1)]}))
    kept = np.delete(scores["vanilla"].reshape(6, 2).mean(axis=1), [0, 5])
    assert (
        f"and {kept.mean():.2f} ± {std(kept):.2f} on average over 2 target languages (mean ± standard deviation over "
        "runs)"
    ) in text
    assert "Over 4 runs that did not collapse (3 settings, 2 seeds) vanilla scores" in text
    whole = told(pairs(60 + CHANCE[:8], 60 + OTHER[:8]))
    assert "Over 8 runs (1 setting, 8 seeds) vanilla scores" in whole


def test_a_baseline_that_always_collapsed_has_no_movement() -> None:
    text = told(grid(normal(2, 3, 2, vanilla=1, a=1), {"vanilla": [(s, k) for s in range(3) for k in range(2)]}))
    assert "All runs of vanilla collapsed." in text
    assert "stead" not in text


@pytest.mark.parametrize("ddof", [1, 0])
def test_one_run_has_no_spread(ddof: int) -> None:
    text = told(pairs(np.array([[50.0]]), np.array([[52.0]])), ddof=ddof)
    assert "vanilla has one run: en 90.00, zero-shot 52.00; one run has no spread." in text
    assert "l2(strength=1): too few runs" in text


def test_without_a_complete_run_there_is_nothing_to_say() -> None:
    failed = thin(("vanilla", "l2(strength=1)"), keep=lambda *run: False)
    assert told(failed) == "No run is complete yet, so there is no answer."


def test_of_many_methods_only_the_findings_are_told() -> None:
    text = told(several(*[3.0] * 7, 0.05))
    assert "m8 has " in text
    assert "corrected for the number of methods" in text
    quiet = re.search(r"No difference from vanilla is shown for the rest: (\d) methods?\.", text)
    assert quiet is not None
    assert int(quiet[1]) + len(re.findall(r"m\d has [\d.]+ times", text)) == 8


def test_a_correction_that_no_p_can_pass_is_told_as_too_few_runs() -> None:
    """The smallest p of six runs is 0.031, which four methods raise to 0.12: no ratio is detectable."""
    text = told(several(0.01, 0.01, 0.01, 0.01, runs=6))
    assert text.count("There are too few runs to show a difference: their smallest possible p is 0.12") == 4
    assert "80 % power" not in text


def test_nothing_is_compared_where_no_language_is_in_all_runs() -> None:
    """Every run lacks one of two languages."""
    rows = [
        row
        for row in pairs(60 + CHANCE[:8, :2], 60 + OTHER[:8, :2])
        if not (row["method"] != "vanilla" and row["language"] == ("de" if row["seed"] % 2 else "hi"))
    ]
    text = told(rows)
    assert "l2(strength=1) is not given: no target language has a score in all of its 8 runs." in text
    assert "too few runs" in text
    assert "times vanilla's" not in text
