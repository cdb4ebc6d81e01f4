"""The section on breaking points."""

from typing import Any

import numpy as np

from analysis.rendering.cells import Interval
from analysis.rendering.table import Table
from analysis.sections import ladder
from analysis.sections.ladder import Ladder
from analysis.statistics.breaking_point import breaking_point
from tests.helpers.ladder import RATES, seen


def test_the_section_has_each_method_and_language(tmp_path: Any) -> None:
    view = seen(tmp_path, rates=5, seeds=6)
    section = ladder.section(view)
    assert section is not None
    tables = {part.name: part for part in section.parts if isinstance(part, Table)}
    results = view.results
    for row in tables["ladder"].rows:
        method = str(row[0])
        made = Ladder.of(results, method)
        assert made is not None
        runs = results.runs[results.runs["method"] == method].copy()
        runs["rate"] = runs["setting"].map(results.settings["learning_rate"]).astype(float)
        wide = runs.pivot_table(index="seed", columns="rate", values="zero_shot").dropna()
        np.testing.assert_allclose(made.zero_shot, wide.to_numpy())
        assert made.rates == sorted(wide.columns)
        point = breaking_point(wide.to_numpy(), list(wide.columns))
        shown = row[4]
        assert shown == f"≥ {point.rate:.3g}" if point.unbroken else isinstance(shown, Interval)
    assert sorted(str(row[0]) for row in tables["ladder-languages"].rows) == sorted(results.about.targets)


def test_a_language_that_has_broken_at_the_first_rate_comes_first(tmp_path: Any) -> None:
    view = seen(tmp_path, rates=5, seeds=6)
    gone, late, early = list(view.results.about.targets)[:3]
    flat = np.full((3, 5), 50.0)
    broken, sinking, never = flat.copy(), flat.copy(), np.zeros((3, 5))
    broken[:, 0] = [90.0, 90.0, 10.0]
    sinking[:, 3:] = 10.0
    made = Ladder(RATES, flat, {late: sinking, gone: broken, early: never})
    shown = ladder.languages(view, {"vanilla": made})
    assert [row[:2] for row in shown.rows[:2]] == [[gone, "< 0.001"], [late, shown.rows[1][1]]]
    assert [str(row[0]) for row in shown.rows[2:]] == [
        language for language in view.results.about.targets if language not in (gone, late)
    ]


def test_a_method_that_has_not_broken_has_its_own_last_rate(tmp_path: Any) -> None:
    view = seen(tmp_path, rates=5, seeds=6)
    flat = np.full((3, 5), 50.0)
    ladders = {"vanilla": Ladder(RATES, flat, {}), "short": Ladder(RATES[:4], flat[:, :4], {})}
    points = {name: breaking_point(made.zero_shot, made.rates) for name, made in ladders.items()}
    shown = ladder.table(view, ladders, points)
    assert "≥: some seeds have not broken at the method's last rate." in shown.notes


def test_few_rates_or_other_differences_are_no_ladder(tmp_path: Any) -> None:
    assert ladder.section(seen(tmp_path / "few", rates=3, seeds=2)) is None
    assert ladder.section(seen(tmp_path / "other", rates=5, seeds=6, warmups=True)) is None
