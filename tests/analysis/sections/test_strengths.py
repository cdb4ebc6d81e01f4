"""The section on strengths, against numbers computed here from the raw rows."""

import pandas as pd
import pytest

from analysis.rendering.cells import Difference
from analysis.rendering.section import Picture
from analysis.results.method_label import MethodLabel
from analysis.results.view import View
from analysis.sections import strengths
from tests.helpers.report_rows import WITHIN, Rows, cells, plain, score, std, table_of, unmarked, view


def test_strengths_are_told_by_family_over_the_runs_that_vanilla_has(
    seen: View, raw: pd.DataFrame, zero_shot: "pd.Series[float]"
) -> None:
    section = strengths.section(seen)
    table = table_of(section, "strengths")
    assert [tuple(map(plain, row[:2])) for row in table.rows] == [
        ("l2", "0.1"),
        ("l2", "1"),
        ("ewc", "10"),
        ("ewc", "100"),
    ]
    for family, strength in (("l2", "0.1"), ("l2", "1"), ("ewc", "10"), ("ewc", "100")):
        method = f"{family}(strength={strength})"
        row, ours = cells(table, family, strength), zero_shot[method]
        change = (ours - zero_shot["vanilla"]).dropna()
        assert len(change) == (8 if method == "l2(strength=0.1)" else 9)
        assert row["zero-shot − vanilla"] == Difference(
            pytest.approx(change.mean(), **WITHIN), pytest.approx(std(change), **WITHIN), len(change)
        )
        english = raw[(raw["method"] == method) & (raw["language"] == "en")]["score"]
        assert unmarked(row["en"]) == score(english.mean(), std(english), len(english), 9)
        assert unmarked(row["zero-shot"]) == score(ours.mean(), std(ours), len(ours), 9)
        assert row["collapsed runs"] == "0"
    # of nine runs
    means = {key: zero_shot[key].mean() for key in ("l2(strength=1)", "ewc(strength=10)", "ewc(strength=100)")}
    highest = MethodLabel.of(max(means, key=lambda method: means[method])).strength
    bold = [plain(row[1]) for row in table.rows if row[list(table.header).index("zero-shot")].best]  # type: ignore[union-attr]
    assert bold == [f"{highest:g}"]
    assert any("selected on the target languages" in note for note in table.notes)
    picture = next(part for part in section.parts if isinstance(part, Picture))  # type: ignore[union-attr]
    left = picture.figure.axes[0]
    theirs = zero_shot["vanilla"]
    expected = {
        (family, strength): (100 * (zero_shot[f"{family}(strength={strength:g})"] - theirs) / theirs).mean()
        for family, strength in (("l2", 0.1), ("l2", 1.0), ("ewc", 10.0), ("ewc", 100.0))
    }
    drawn = [float(y) for line in left.get_lines() for y in line.get_ydata()]
    for value in expected.values():
        assert any(y == pytest.approx(value) for y in drawn)


def test_a_family_needs_two_strengths(rows: Rows) -> None:
    fewer = [row for row in rows if row["method"] not in ("l2(strength=1)",)]
    assert {row[0] for row in table_of(strengths.section(view(fewer)), "strengths").rows} == {"ewc"}
    assert strengths.section(view([row for row in fewer if row["method"] != "ewc(strength=10)"])) is None
