"""The section on best settings, against numbers computed here from the raw rows."""

import itertools

import numpy as np
import pandas as pd
import pytest

from analysis.rendering.cells import Difference
from analysis.results.best_setting import BestSetting
from analysis.results.view import View
from analysis.sections import best
from tests.helpers.report_rows import (
    COLD,
    HOT,
    RATES,
    WARM,
    WITHIN,
    Rows,
    cells,
    marked,
    pairs,
    replace_method,
    run,
    score,
    std,
    table_of,
    two_rates,
    unmarked,
    view,
)


def test_the_best_setting_is_that_of_the_sources_dev_score(
    rows: Rows, raw: pd.DataFrame, zero_shot: "pd.Series[float]", seen: View
) -> None:
    frame = pd.DataFrame(rows)
    of_dev = frame[frame["split"] == "dev"].groupby(["method", "learning_rate"])["score"]
    whole = of_dev.size().unstack()
    dev = of_dev.mean().unstack().where(whole.eq(whole.max(axis=1), axis=0))
    assert dev.loc["l2(strength=0.1)"].isna().tolist() == [False, True, False]
    by_target = zero_shot.groupby(["method", "learning_rate"]).mean().unstack()
    by_test = raw[raw["language"] == "en"].groupby(["method", "learning_rate"])["score"].mean().unstack()
    assert (dev.idxmax(axis=1) != by_target.idxmax(axis=1)).any()
    assert (dev.idxmax(axis=1) != by_test.idxmax(axis=1)).any()
    section = best.section(seen)
    table, languages = table_of(section, "best"), table_of(section, "best-languages")
    for method, rate in dev.idxmax(axis=1).items():
        chosen = raw[(raw["method"] == method) & (raw["learning_rate"] == rate)]
        row, ours = cells(table, str(method)), zero_shot[method, rate]
        assert row["setting"] == f"learning_rate={rate:g}"
        assert row["settings tried"] == "3"
        asked = 3
        english = chosen[chosen["language"] == "en"]["score"]
        assert unmarked(row["en"]) == score(english.mean(), std(english), len(english), asked)
        assert unmarked(row["zero-shot"]) == score(ours.mean(), std(ours), len(ours), asked)
        if method != "vanilla":
            both = pd.concat(
                [ours, zero_shot["vanilla", dev.idxmax(axis=1)["vanilla"]]], axis=1, keys=["ours", "theirs"]
            ).dropna()
            change = both["ours"] - both["theirs"]
            expected = Difference(
                pytest.approx(change.mean(), **WITHIN), pytest.approx(std(change), **WITHIN), len(change)
            )
            assert row["zero-shot − vanilla"] == expected
        for code in ("de", "hi", "th"):
            of = chosen[chosen["language"] == code]["score"]
            assert unmarked(cells(languages, code)[str(method)]) == score(of.mean(), std(of), len(of), asked)
        footer = cells(languages, "zero-shot")[str(method)]
        assert footer == row["zero-shot"]
    at_best = {str(method): zero_shot[method, rate].mean() for method, rate in dev.idxmax(axis=1).items()}
    assert marked(table, "zero-shot") == [max(at_best, key=lambda method: at_best[method])]
    left_out = (
        "Left out, having fewer complete runs than the method's other settings: learning_rate=2e-05 of "
        "l2(strength=0.1)."
    )
    expected_note = f"highest mean en dev score over seeds; no target language has a part in the choice. {left_out}"
    assert any(note.endswith(expected_note) for note in table.notes)


def test_a_setting_that_lacks_runs_is_not_the_best() -> None:
    """At HOT one seed of three exists, with the best score. At WARM two have a better mean than the three at COLD."""
    level = {COLD: 80.0, WARM: 82.0, HOT: 90.0}
    there = {COLD: 3, WARM: 2, HOT: 1}
    rows: Rows = []
    for method, rate, seed in itertools.product(("vanilla", "l2(strength=1)", "bitfit"), RATES, range(3)):
        lost = seed >= there[rate] and method != "bitfit"
        scores = dict.fromkeys(("en", "de"), None if lost else level[rate] + seed)
        rows += run(method, seed, scores, dev=None if lost else level[rate] + seed, learning_rate=rate)
    seen = view(rows)
    found = {method: BestSetting.of(seen.results, method) for method in seen.results.methods}
    assert {method: best.setting for method, best in found.items()} == {
        "vanilla": "learning_rate=1e-05", "l2(strength=1)": "learning_rate=1e-05", "bitfit": "learning_rate=0.0001"
    }  # fmt: skip
    assert found["vanilla"].left_out == ("learning_rate=2e-05", "learning_rate=0.0001")
    assert (found["bitfit"].left_out, found["vanilla"].tried) == ((), 3)
    few = "learning_rate=2e-05, learning_rate=0.0001 of"
    note = next(note for note in table_of(best.section(seen), "best").notes if "highest mean en" in note)
    assert note.endswith(f"other settings: {few} vanilla; {few} l2(strength=1).")
    third = [replace_method(row, "l2(strength=2)") for row in rows if row["method"] == "l2(strength=1)"]
    note = next(note for note in table_of(best.section(view(rows + third)), "best").notes if "highest mean en" in note)
    assert note.endswith("other settings: 6 settings of 3 methods.")


def test_no_target_decides_and_without_dev_scores_the_sources_test_does() -> None:
    """At COLD the targets are best, at WARM the source's test score, at HOT its dev score."""
    told = {COLD: (80.0, 90.0, 70.0), WARM: (85.0, 50.0, 71.0), HOT: (82.0, 40.0, 75.0)}
    for with_dev, rate, split in ((True, HOT, "dev"), (False, WARM, "test")):
        rows = [
            row
            for seed in (0, 1)
            for rate, (english, german, dev) in told.items()
            for row in run(
                "vanilla", seed, {"en": english + seed, "de": german}, dev=dev if with_dev else None, learning_rate=rate
            )
        ]
        table = table_of(best.section(view(rows)), "best")
        assert cells(table, "vanilla")["setting"] == f"learning_rate={rate:g}"
        note = next(note for note in table.notes if "highest mean en" in note)
        assert f"en {split} score" in note
        assert ("as not all runs have dev scores" in note) is not with_dev


def test_a_method_without_a_run_does_not_change_what_the_others_are_said_to_be_chosen_on() -> None:
    rows = two_rates(("vanilla", ("de", "hi")), ("l2(strength=1)", ("de", "hi")), failing=["l2(strength=1)"])
    note = next(note for note in table_of(best.section(view(rows)), "best").notes if "highest mean en" in note)
    assert "dev score over seeds; " in note


def test_dev_scores_of_target_languages_do_not_decide() -> None:
    """A table may have them. At WARM the source's dev score is best, at COLD its mean with German's."""
    rows = [
        row
        for rate, dev in ((COLD, 70.0), (WARM, 80.0))
        for row in run("a", 0, {"en": 90.0, "de": 50.0}, dev=dev, learning_rate=rate)
    ]
    german = {"method": "a", "seed": 0, "split": "dev", "language": "de", "status": "finished"}
    rows += [{**german, "score": score, "learning_rate": rate} for rate, score in ((COLD, 95.0), (WARM, 60.0))]
    assert BestSetting.of(view(rows).results, "a").setting == f"learning_rate={WARM:g}"


def test_a_method_without_dev_scores_leaves_all_methods_to_the_test_score() -> None:
    """vanilla has dev scores, which are best at WARM. l2 has none, so both are chosen by the source's test score."""
    rows = [
        row
        for rate, english, dev in ((COLD, 90.0, 70.0), (WARM, 80.0, 75.0))
        for method in ("vanilla", "l2(strength=1)")
        for row in run(
            method, 0, {"en": english, "de": 50.0}, dev=dev if method == "vanilla" else None, learning_rate=rate
        )
    ]
    results = view(rows).results
    found = [BestSetting.of(results, method) for method in results.methods]
    assert {(one.setting, one.selected_on) for one in found} == {(f"learning_rate={COLD:g}", "test")}


def test_differences_at_the_best_settings_are_of_the_languages_that_both_have() -> None:
    """EWC's models have vanilla's scores, but only in German."""
    rows = two_rates(("vanilla", ("de", "hi")), ("ewc(strength=1)", ("de",)))
    row = cells(table_of(best.section(view(rows)), "best"), "ewc(strength=1)")
    assert row["zero-shot − vanilla"] == Difference(pytest.approx(0.0), pytest.approx(0.0), 2)


def test_a_single_setting_has_no_section_on_the_best() -> None:
    assert best.section(view(pairs(np.ones((3, 2)), np.ones((3, 2))))) is None
