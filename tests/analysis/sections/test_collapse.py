"""The section on collapse: its table agrees with the claims."""

import pytest
from scipy.stats import binomtest
from statsmodels.stats.proportion import proportion_confint

from analysis.rendering.cells import Percent
from analysis.results.view import View
from analysis.sections import collapse
from tests.helpers.claim_rows import Places, grid, normal
from tests.helpers.report_rows import cells, clean, holm, noted, p_of, plain, table_of, thin, view, words

FALLEN: dict[str, Places] = {
    "vanilla": [(s, k) for s in range(4) for k in range(2)],
    "a": [(0, 0)],
    "b": [(0, 0), (4, 0)],
}


def test_a_row_has_counts_shares_and_tests() -> None:
    section = collapse.section(view(grid(normal(1, 5, 2, vanilla=1, a=1, b=1), FALLEN)))
    table = table_of(section, "collapse")
    assert [plain(row[0]) for row in table.rows] == ["vanilla", "a", "b"]
    for method, places in FALLEN.items():
        low, high = proportion_confint(len(places), 10, method="wilson")
        row = cells(table, method)
        share = Percent(10 * len(places), 100 * low, 100 * high)
        assert row["collapsed runs"].numbers() == pytest.approx(share.numbers())
        assert row["collapsed runs"].count == f"{len(places)}/10"
    rows = {method: cells(table, method) for method in "ab"}
    names = ("both", "baseline alone", "method alone", "neither")
    assert [[row[name] for name in names] for row in rows.values()] == [["1", "7", "0", "2"], ["1", "7", "1", "1"]]
    p = {"a": binomtest(0, 7).pvalue, "b": binomtest(1, 8).pvalue}
    for method, row in rows.items():
        assert p_of(row["p"]) == p[method]
        assert p_of(row["p, Holm"]) == holm(p)[method]
        assert row["pairs needed"] == "7"
        assert row["difference"].value == 100 * (len(FALLEN[method]) - 8) / 10
    assert p_of(rows["a"]["p, settings"]) == 2 / 2**4
    clean(section)


def test_only_where_a_run_collapsed_is_there_a_section(seen: View) -> None:
    assert collapse.section(seen) is not None
    assert collapse.section(seen.without_collapsed()) is None


def test_a_method_alone_has_its_count() -> None:
    assert words(collapse.section(view(thin(("vanilla",))))) == "Collapsed: vanilla in 2 of 4 runs."


def test_methods_without_pairs_have_the_names_of_their_tests() -> None:
    scores = normal(5, 3, 4, vanilla=1, a=1)
    later = [{**row, "seed": row["seed"] + 50} for row in grid({"a": scores["a"]})]  # type: ignore[operator]
    rows = grid({"vanilla": scores["vanilla"]}, {"vanilla": [(0, 0)]}) + later
    apart, paired = (table_of(collapse.section(view(of)), "collapse") for of in (rows, grid(scores, FALLEN)))
    assert "Methods without pairs are compared by Boschloo's exact test" in noted(apart)
    assert "A pair is two runs" not in noted(apart)
    assert "Boschloo" not in noted(paired)


def test_every_baseline_has_a_row() -> None:
    rows = grid(normal(2, 3, 2, vanilla=1, a=1, b=1, c=1), {"b": [(0, 0)], "c": [(0, 0), (1, 1)]})
    section = collapse.section(view(rows, against={"a": "vanilla", "c": "b"}))
    clean(section)
    table = table_of(section, "collapse")
    assert [(plain(row[0]), row[1].count) for row in table.rows] == [
        ("vanilla", "0/6"),
        ("b", "1/6"),
        ("a", "0/6"),
        ("c", "2/6"),
    ]
