"""The report's answer: what it says is found, and what it does not."""

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis.results import comparison as comparison_module
from analysis.results.view import View
from analysis.sections import answer, spread
from analysis.statistics.minimum_detectable import MinimumDetectable, minimum_detectable_ratio
from analysis.statistics.std_ratio import std_ratio
from analysis.statistics.swap_test import swap_test
from tests.helpers.report_rows import (
    CHANCE,
    NOTHING,
    OTHER,
    Rows,
    cells,
    holm,
    p_of,
    pairs,
    plain,
    run,
    several,
    std,
    swapped_p,
    table_of,
    view,
    words,
)


@pytest.fixture
def no_power(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves out the simulation of the power, for its time."""
    monkeypatch.setattr(
        comparison_module, "minimum_detectable_ratio", lambda ours, theirs: MinimumDetectable(0.5, len(ours))
    )


def told(rows: Sequence[Mapping[str, Any]], **options: Any) -> str:
    return words(answer.section(view(rows, **options)))


def test_it_is_steadier() -> None:
    ours, theirs = 60 + 0.3 * CHANCE[:8], 60 + 3 * OTHER[:8]
    text = told(pairs(ours, theirs))
    p = swapped_p(ours, theirs)
    assert p <= 0.05
    ratio, whole = std_ratio(ours, theirs), std(ours.mean(axis=1)) / std(theirs.mean(axis=1))
    assert (
        f"over the 8 runs that both have its standard deviation is {ratio.value:.2f} times vanilla's on average over "
        f"3 target languages (95 % interval {ratio.low:.2f} to {ratio.high:.2f}), that of the zero-shot score "
        f"{whole:.2f} times: it is steadier (p = {p:.2g})."
    ) in text
    theirs_mean = theirs.mean(axis=1)
    assert "Over 8 runs (1 setting, 8 seeds) vanilla scores" in text
    assert f"{theirs_mean.mean():.2f} ± {std(theirs_mean):.2f} on average over 3 target languages" in text


def seeded(settings: int, seeds: int, spread: float) -> Rows:
    """Vanilla with a standard deviation of 1 beside a method with another, at several seeds a setting."""
    random = np.random.default_rng(settings)
    found: Rows = []
    for place, seed in itertools.product(range(settings), range(seeds)):
        for method, size in (("vanilla", 1.0), ("l2(strength=1)", spread)):
            target = random.normal(60, size, 2)
            scores = {"en": float(random.normal(90, 1)), "de": float(target[0]), "hi": float(target[1])}
            found += run(method, seed, scores, learning_rate=1e-5 * (place + 1))
    return found


@pytest.mark.parametrize(
    ("settings", "seeds", "words_on_others"),
    [
        (3, 5, "That is of these 3 settings: so few can show nothing of others."),
        (7, 2, "So it is where whole settings are swapped (p = "),
        (12, 1, "Intervals take the settings for a sample"),
    ],
)
def test_what_is_found_at_these_settings_is_not_said_of_others(settings: int, seeds: int, words_on_others: str) -> None:
    rows = seeded(settings, seeds, 0.01)
    text = told(rows)
    assert "it is steadier (p = " in text
    assert words_on_others in text
    row = cells(table_of(spread.section(view(rows)), "spread"), "l2(strength=1)", "2 languages (geometric mean)")
    frame = (
        pd.DataFrame(rows)
        .query("language != 'en'")
        .pivot_table(index=["learning_rate", "seed"], columns=["method", "language"], values="score")
    )
    if seeds == 1:
        assert "p, other settings" not in row
        return
    places = frame.index.get_level_values("learning_rate")
    ours, theirs = (frame[method].to_numpy() for method in ("l2(strength=1)", "vanilla"))
    assert p_of(row["p, other settings"]) == pytest.approx(swap_test(ours, theirs, places).p)
    other = std_ratio(ours, theirs, places)
    assert (row["ratio, other settings"].value, row["ratio, other settings"].low) == pytest.approx(
        (other.value, other.low), nan_ok=True
    )


def test_the_sources_spread_is_not_compared_where_a_run_is_several_trials() -> None:
    random = np.random.default_rng(3)
    rows: Rows = []
    for seed in range(6):
        rows += run(
            "vanilla",
            seed,
            {"en": float(random.normal(90, 1)), "de": float(random.normal(60, 2)), "hi": float(random.normal(60, 2))},
        )
        for code in ("de", "hi"):
            scores = {"en": float(random.normal(90, 1)), code: float(random.normal(60, 2))}
            rows += run("ewc(strength=1)", seed, scores, trial=f"{seed}-{code}")
    rows = [{**row, "trial": row.get("trial") or f"v{row['seed']}"} for row in rows]
    table = table_of(spread.section(view(rows)), "spread")
    assert [plain(row[1]) for row in table.rows] == ["zero-shot score", "2 languages (geometric mean)"]


def test_it_is_less_steady() -> None:
    text = told(pairs(60 + 3 * OTHER[:8], 60 + 0.05 * CHANCE[:8]))
    assert "it is less steady (p = " in text
    assert "it is steadier" not in text


def test_nothing_is_shown_and_the_minimum_detectable_ratio_is_said() -> None:
    ours, theirs = 60 + CHANCE[:9], 60 + OTHER[:9]
    text = told(pairs(ours, theirs))
    least = minimum_detectable_ratio(ours, theirs).ratio
    assert f"no difference is shown (p = {swapped_p(ours, theirs):.2g});" in text
    assert f"the minimum detectable ratio is {least:.2f} (with 80 % power), a milder one may be there." in text


def test_five_runs_can_show_nothing() -> None:
    text = told(pairs(60 + 0.001 * CHANCE[:5], 60 + 3 * OTHER[:5]))
    assert "Nothing can be shown with so few runs: the smallest p they can give is 0.062." in text
    assert "steadier" not in text


@pytest.mark.parametrize("ddof", [1, 0])
def test_one_run_has_no_spread(ddof: int) -> None:
    text = told(pairs(np.array([[50.0]]), np.array([[52.0]])), ddof=ddof)
    assert "vanilla has one run: en 90.00, zero-shot 52.00; one run has no spread." in text
    assert "l2(strength=1): too few runs" in text


def test_constant_scores_cannot_be_compared() -> None:
    text = told(pairs(np.full((8, 2), 50.0), 60 + OTHER[:8, :2]))
    assert (
        "its spread cannot be compared with vanilla's over the 8 runs that both have, as all runs of a method have "
        "the same score" in text
    )


def test_a_mean_is_higher_only_where_its_interval_says_so() -> None:
    higher = told(pairs(65 + CHANCE[:8], 60 + OTHER[:8]))
    difference = (65 + CHANCE[:8]).mean(axis=1) - (60 + OTHER[:8]).mean(axis=1)
    ends = stats.ttest_1samp(difference, 0).confidence_interval(0.95)
    assert (
        f"Its zero-shot score is higher by {difference.mean():.2f} points (interval {ends.low:+.2f} to "
        f"{ends.high:+.2f})." in higher
    )
    assert "Its zero-shot score is lower by" in told(pairs(55 + CHANCE[:8], 60 + OTHER[:8]))
    assert "Whether its zero-shot score is higher or lower is open" in told(pairs(60 + CHANCE[:8], 60 + OTHER[:8]))


def test_a_constant_difference_of_few_runs_is_no_finding() -> None:
    """Two runs that differ by the same by chance: Student's t has nothing to measure the difference by."""
    text = told(pairs(np.array([[61.0], [66.0]]), np.array([[60.0], [65.0]])))
    assert "is higher by" not in text


def test_troubles_are_mentioned(seen: View) -> None:
    text = words(answer.section(seen))
    assert "2 runs collapsed and are included" in text
    assert "1 run of 45 failed or is missing." in text
    assert "intervals are about these settings" in text
    assert "This is without 2 collapsed runs." in words(answer.section(seen.without_collapsed()))


def test_of_many_methods_only_the_findings_are_told(no_power: None) -> None:
    text = told(several(*[3.0] * 7, 0.005))
    assert "m8: over the 9 runs that both have its standard deviation is" in text
    assert "corrected for the number of methods" in text
    quiet = re.search(r"Of the other (\d) methods no difference from vanilla is shown\.", text)
    assert quiet is not None
    assert int(quiet[1]) + len(re.findall(r"m\d: over the", text)) == 8


def test_a_correction_that_no_p_can_pass_is_told_as_too_few_runs() -> None:
    """Six runs give 0.031 at the least, four methods make that 0.12: no ratio at all is detectable."""
    text = told(several(0.01, 0.01, 0.01, 0.01, runs=6))
    assert "minimum detectable" not in text


def test_nothing_is_compared_where_no_language_is_in_all_runs() -> None:
    """In every run one of two languages is missing."""
    rows = [
        row
        for row in pairs(60 + CHANCE[:8, :2], 60 + OTHER[:8, :2])
        if not (row["method"] != "vanilla" and row["language"] == ("de" if row["seed"] % 2 else "hi"))
    ]
    text = told(rows)
    assert "l2(strength=1) is not given: no target language has a score in all of its 8 runs." in text
    assert "too few runs" in text
    assert "times vanilla's" not in text


@settings(max_examples=15, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10_000),
    runs=st.integers(2, 8),
    languages=st.integers(1, 3),
    sizes=st.lists(st.sampled_from([0.001, 0.05, 0.3, 1.0, 3.0]), min_size=1, max_size=3),
    shift=st.sampled_from([0.0, 5.0]),
)
def test_steadier_is_never_said_without_test_and_interval(
    seed: int, runs: int, languages: int, sizes: list[float], shift: float
) -> None:
    random = np.random.default_rng(seed)
    scores = {
        name: random.normal(60 + shift * (name != "v"), size, (runs, languages))
        for name, size in zip("vabc", [1.0, *sizes], strict=False)
    }
    rows: Rows = []
    for name, found in scores.items():
        for i, row in enumerate(found):
            targets = dict(zip(("de", "hi", "th"), map(float, row), strict=False))
            rows += run("vanilla" if name == "v" else name, i, {"en": float(random.normal(90, 1)), **targets})
    with pytest.MonkeyPatch.context() as patch:
        # only its time is missed
        patch.setattr(
            comparison_module, "minimum_detectable_ratio", lambda ours, theirs: MinimumDetectable(0.5, len(ours))
        )
        parts = [part for part in answer.section(view(rows)).parts if isinstance(part, str)]  # type: ignore[union-attr]
    p = {name: swapped_p(found, scores["v"]) for name, found in scores.items() if name != "v"} if runs > 2 else {}
    corrected = holm(p)
    for part in parts:
        assert NOTHING.search(part) is None
        said = re.match(r"(\w): .*it is (steadier|less steady)", part)
        if said is None:
            continue
        name = said[1]
        ratio = std_ratio(scores[name], scores["v"])
        assert corrected[name] <= 0.05
        assert ratio.high < 1 if said[2] == "steadier" else ratio.low > 1
    for name, adjusted in corrected.items():
        ratio = std_ratio(scores[name], scores["v"])
        if adjusted <= 0.05 and (ratio.high < 1 or ratio.low > 1):  # and it is said where there are both
            assert any(re.match(rf"{name}: .*it is (steadier|less steady)", part) for part in parts)
