"""Cells as text for readers, and as numbers in the CSV."""

import math
from dataclasses import replace

import pytest

from analysis.rendering.cells import (
    Cell,
    Change,
    Coefficient,
    Difference,
    Interval,
    Number,
    Percent,
    Probability,
    Ratio,
    Score,
    Spread,
)
from analysis.rendering.judged import Judged, Mark
from analysis.statistics.correlation import Correlation

NAN = math.nan


def test_a_correlation_is_a_cell_with_interval() -> None:
    cell = Coefficient(Correlation(-0.8123, -0.95, -0.4, 11, 2))
    assert cell.plain() == cell.markdown() == cell.html() == "-0.81 [-0.95, -0.40]"
    assert cell.latex() == "$-0.81$ [$-0.95$, $-0.40$]"
    assert cell.numbers() == {"": -0.8123, "low": -0.95, "high": -0.4, "undefined resamples": 2}
    without = Coefficient(Correlation(-0.8123, NAN, NAN, 3))
    assert without.plain() == "-0.81"
    assert without.latex() == "$-0.81$"
    none = Coefficient(Correlation(NAN, NAN, NAN, 2))
    assert none.plain() == "–"
    assert none.latex() == "--"


@pytest.mark.parametrize(
    ("cell", "text", "tex", "numbers"),
    [
        (Number(1e-5, "g"), "1e-05", r"$1 \cdot 10^{-5}$", {"": 1e-5}),
        (Number(NAN), "–", "--", {"": NAN}),
        (Interval(1.5, 1.0, 2.0), "1.50 [1.00, 2.00]", r"$1.50\;[1.00, 2.00]$", {"": 1.5, "low": 1.0, "high": 2.0}),
        (Interval(1.5, NAN, 2.0, "+.1f"), "+1.5", "$+1.5$", {"": 1.5, "low": NAN, "high": 2.0}),
        (Interval(NAN, 1.0, 2.0), "–", "--", {"": NAN, "low": 1.0, "high": 2.0}),
        (
            Ratio(1.0, 0.001, 500.0),
            "1.00 [<0.01, >100]",
            r"$1.00\;[<0.01, >100]$",
            {"": 1.0, "low": 0.001, "high": 500.0},
        ),
        (Probability(0.00001), "<0.0001", "$<0.0001$", {"": 0.00001}),
        (Probability(0.0312), "0.031", "$0.031$", {"": 0.0312}),
        (Percent(4.25), "4.2 %", r"$4.2\,\%$", {"percent": 4.25}),
        (
            Score(-9.5, 1.0, 2, 3),
            "-9.50 ± 1.00 (2/3)",
            r"$-9.50 \pm 1.00$ (2/3)",
            {"mean": -9.5, "std": 1.0, "runs": 2, "expected": 3},
        ),
        (Score(NAN, NAN, 0, 3), "– (0/3)", "-- (0/3)", {"mean": NAN, "std": NAN, "runs": 0, "expected": 3}),
        (Spread(2.0), "± 2.00", r"$\pm 2.00$", {"std": 2.0}),
        (Spread(NAN), "–", "--", {"std": NAN}),
        (
            Difference(1.0, 0.5, 3),
            "+1.00 ± 0.50 (n=3)",
            r"$+1.00 \pm 0.50$ ($n=3$)",
            {"mean": 1.0, "std": 0.5, "runs": 3},
        ),
        (Change(-12.5, 3), "-12 % (n=3)", r"$-12\,\%$ ($n=3$)", {"percent": -12.5, "runs": 3}),
        (Change(1200.0, 3), "×13 (n=3)", r"$\times 13$ ($n=3$)", {"percent": 1200.0, "runs": 3}),
    ],
)
def test_every_cell_has_every_format(cell: Cell, text: str, tex: str, numbers: dict[str, float]) -> None:
    assert (cell.plain(), cell.markdown(), cell.latex()) == (text, text, tex)
    assert str(cell.html()) == text.replace("<", "&lt;").replace(">", "&gt;")
    assert cell.numbers() == pytest.approx(numbers, nan_ok=True)


def test_a_cell_can_be_bold() -> None:
    best = replace(Score(-9.5, 1.0, 3, 3), best=True)
    assert best.markdown() == "**-9.50 ± 1.00**"
    assert best.html() == "<strong>-9.50 ± 1.00</strong>"
    assert best.latex() == r"$\mathbf{-9.50} \pm 1.00$"
    assert best.numbers() == {"mean": -9.5, "std": 1.0, "runs": 3, "expected": 3}


def test_a_judged_number_has_its_verdict_in_words() -> None:
    cell = Judged(-25.0, -59.0, 12.0, form="+.0f", unit=" %", mark=Mark.NOT_SHOWN)
    assert cell.plain() == "-25 % [-59, +12] (not shown)"
    assert cell.latex() == r"$-25\,\%\;[-59, +12]$ (not shown)"
    assert cell.numbers() == {"": -25.0, "low": -59.0, "high": 12.0}
    assert '<span aria-hidden="true">○</span> not shown' in cell.html()
    assert Judged(0.5, math.nan, math.nan, mark=Mark.SHOWN).plain() == "0.50 (shown)"
    assert Judged(math.nan, math.nan, math.nan).plain() == "– (not tested)"
    assert len({mark.sign for mark in Mark}) == len(Mark)


def test_a_share_may_begin_with_its_count() -> None:
    assert Percent(25.0, 7.1, 59.0, count="2/8").plain() == "2/8 = 25 % [7.1, 59]"
    assert Percent(25.0, 7.1, 59.0).plain() == "25 % [7.1, 59]"
    assert Percent(25.0, 7.1, 59.0, count="2/8").numbers() == {"percent": 25.0, "low": 7.1, "high": 59.0}
