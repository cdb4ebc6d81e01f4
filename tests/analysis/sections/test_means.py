"""The section on means: its table agrees with the claims and their limits."""

import pytest

from analysis.claims.answer import answer
from analysis.claims.claim import Quantity, Scope
from analysis.rendering.cells import Interval, Number, Probability
from analysis.report import Chapter
from analysis.results.view import View
from analysis.sections import means
from tests.helpers.claim_rows import claimed, grid, normal
from tests.helpers.report_rows import CHANCE, OTHER, cells, clean, noted, p_of, pairs, table_of, view, words


def test_a_row_has_the_difference_at_every_scope(written: list[Chapter], seen: View) -> None:
    section = next(chapter.section for chapter in written if chapter.section.name == "means")
    table, found = table_of(section, "means"), answer(seen)
    for method in (method for method in seen.results.methods if method != "vanilla"):
        row = cells(table, method)
        here, seeds, settings = (claimed(found, Quantity.MEAN, method, scope) for scope in Scope)
        assert row["mean − vanilla"] == Number(here.estimate, "+.2f")
        assert row["over all runs"] == Number(here.details["over all runs"], "+.2f")
        for claim, name in ((seeds, "other seeds"), (settings, "other settings too")):
            whole = Interval(claim.estimate, claim.low, claim.high, "+.2f")
            assert row[name] == (whole if claim.tested else "–")
            assert claim.tested or claim.reason in noted(table)
        assert row["p, seeds"] == (Probability(seeds.p) if seeds.tested else "–")
        assert (p_of(row["p, settings"]), p_of(row["p, settings, Holm"])) == (settings.p, settings.corrected)
        assert row["minimum detectable difference"].value == settings.details["minimum detectable difference"]
        assert not {"over examples too", "p, bootstrap"} & set(row)  # there are no predictions
    assert "Pairs in which either run collapsed are left out" in noted(table)
    assert "There is no multi-bootstrap because some results are not from a store" in words(section)


def test_where_no_run_collapsed_there_is_one_difference() -> None:
    table = table_of(means.section(view(grid(normal(1, 3, 3, vanilla=1, a=1)))), "means")
    assert "over all runs" not in table.header
    assert "collapsed" not in noted(table)


@pytest.mark.parametrize(
    ("settings", "seeds", "note"),
    [
        (1, 5, "there is one setting"),
        (5, 1, "there is one seed"),
        (5, 1, "claims on other settings hold for this seed only"),
    ],
)
def test_a_scope_without_an_interval_has_a_reason(settings: int, seeds: int, note: str) -> None:
    section = means.section(view(grid(normal(2, settings, seeds, vanilla=1, a=1))))
    table = table_of(section, "means")
    assert note in noted(table)
    row = cells(table, "a")
    absent = ["other settings too", "p, settings"] if settings == 1 else ["other seeds", "p, seeds"]
    assert [row[name] for name in absent] == ["–"] * 2
    clean(section)


def test_unpaired_methods_have_their_own_note() -> None:
    scores = normal(5, 3, 4, vanilla=1, a=1)
    later = [{**row, "seed": row["seed"] + 50} for row in grid({"a": scores["a"]})]  # type: ignore[operator]
    told = noted(table_of(means.section(view(grid({"vanilla": scores["vanilla"]}) + later)), "means"))
    assert "Unpaired methods are compared by their means at common settings" in told
    assert "A pair is two runs" not in told


def test_two_runs_have_a_difference_and_no_number_that_is_none() -> None:
    section = means.section(view(pairs(60 + CHANCE[:2], 50 + OTHER[:2])))
    assert cells(table_of(section, "means"), "l2(strength=1)")["other settings too"] == "–"
    clean(section)
