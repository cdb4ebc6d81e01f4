"""The section on learning rates, against numbers computed here from the raw rows."""

import itertools

import pandas as pd
import pytest

from analysis.rendering.section import Picture
from analysis.results.merge import side_by_side
from analysis.results.view import View
from analysis.sections import stress
from tests.helpers.report_rows import COLD, HOT, RATES, WARM, at_rates, cells, run, score, std, table_of, unmarked, view


def test_stress_tells_each_learning_rate(seen: View, raw: pd.DataFrame, zero_shot: "pd.Series[float]") -> None:
    table = table_of(stress.section(seen), "stress")
    assert [row[0] for row in table.rows] == ["1e-05", "2e-05", "0.0001"]
    for method, rate in itertools.product(seen.results.methods, RATES):
        ours = zero_shot[method, rate]
        assert unmarked(cells(table, f"{rate:g}")[method]) == score(ours.mean(), std(ours), len(ours), 3)
    for rate in RATES:
        here = {m: round(zero_shot[m, rate].mean(), 2) for m in seen.results.methods if len(zero_shot[m, rate]) == 3}
        bold = [method for method in seen.results.methods if cells(table, f"{rate:g}")[method].best]
        assert bold == [method for method in here if here[method] == max(here.values())]
    assert [cells(table, f"{rate:g}")["vanilla, collapsed runs"] for rate in RATES] == ["0/3", "0/3", "2/3"]
    assert [head for head in table.header if "collapsed" in head] == ["vanilla, collapsed runs"]
    assert stress.hottest(seen.results, seen.results.methods) == ["learning_rate=0.0001"]


@pytest.mark.parametrize(
    ("low", "high", "there"),
    [
        (1e-5, 4.9e-5, False),
        (1e-5, 5e-5, True),
        (1e-5, 1e-3, True),
        (1e-5, 1e-5, False),
        (3e-5, 1.5e-4, True),
    ],
)
def test_stress_is_from_a_five_fold_range_on(low: float, high: float, there: bool) -> None:
    rows = [
        row
        for seed, rate in enumerate((low, high))
        for row in run("vanilla", seed, {"en": 90.0, "de": 60.0}, learning_rate=rate)
    ]
    assert stress.applies(view(rows)) is there


def test_rates_that_differ_only_from_method_to_method_are_no_stress() -> None:
    alone = {"vanilla": [COLD], "l2(strength=1)": [HOT], "bitfit": [1e-2]}
    assert stress.section(view(at_rates(alone))) is None
    two = side_by_side("one", view(at_rates({"vanilla": [COLD]})), "two", view(at_rates({"vanilla": [HOT]})))
    assert stress.section(two) is None
    some = view(at_rates({**alone, "vanilla": [COLD, HOT], "l2(strength=1)": [WARM, 1.5 * WARM]}))
    section = stress.section(some)
    table = table_of(section, "stress")
    assert table.header == ["learning rate", "vanilla", "l2(strength=1)"]
    assert [row[0] for row in table.rows] == ["1e-05", "2e-05", "3e-05", "0.0001"]
    assert table.notes[-1] == "Methods without several learning rates are left out: bitfit."
    (picture,) = [part for part in section.parts if isinstance(part, Picture)]  # type: ignore[union-attr]
    assert [text.get_text() for text in picture.figure.legends[0].get_texts()] == ["vanilla", "l2(strength=1)"]
    assert stress.hottest(some.results, ["vanilla"]) == ["learning_rate=0.0001"]
    assert (
        stress.hottest(some.results, ["l2(strength=1)"])
        == stress.hottest(some.results, ["vanilla", "l2(strength=1)"])
        == []
    )


def test_no_learning_rates_no_stress() -> None:
    rows = run("vanilla", 0, {"en": 90.0, "de": 60.0}, warmup_steps=0) + run(
        "vanilla", 1, {"en": 90.0, "de": 60.0}, warmup_steps=9
    )
    assert stress.section(view(rows)) is None
