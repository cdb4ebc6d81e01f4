"""Forms of tables of results: separators, line ends, marks, blanks, and line numbers."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from analysis.results.csv_files import safe as csv_safe
from analysis.results.csv_files.numbers import one_value_each
from analysis.results.from_csv import is_table, read
from harness.common.errors import UserError
from tests.helpers.report_files import HEAD, table

ROWS = "v,0,en,90\nv,0,de,70\nv,1,en,91\nv,1,de,60\n"


@pytest.fixture
def scores(tmp_path: Path) -> Callable[[str], list[float]]:
    """A function that returns the scores read from a text."""

    def of(text: str) -> list[float]:
        (tmp_path / "x.csv").write_bytes(text.encode())
        return list(read(str(tmp_path / "x.csv")).scores["score"])

    return of


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}\n{ROWS}",
        f"{HEAD}\n{ROWS}".replace(",", ";"),
        f"{HEAD}\n{ROWS}".replace(",", "\t"),
        f"{HEAD}\n{ROWS}".replace("\n", "\r\n"),
        f"{HEAD}\n{ROWS}".replace("\n", "\r"),
        f"\ufeff{HEAD}\n{ROWS}",
        f'\ufeff"method","seed","language","score"\n{ROWS}',
        f"\n\n{HEAD}\n\n{ROWS}\n,,,\n",
        f"{HEAD}\n{ROWS}".replace(",", " , "),
        f"{HEAD}\n{ROWS}".replace("\nv,1", "\n\ufeffv,1", 1),
        f"{HEAD}\n{ROWS}".replace("\nv,1", f"\n\ufeff{HEAD}\nv,1", 1),
        f"{HEAD},\n{ROWS}".replace("0\n", "0,\n").replace("1\n", "1,\n"),
    ],
)
def test_the_same_rows_in_many_forms(scores: Callable[[str], list[float]], text: str) -> None:
    assert scores(text) == [90, 70, 91, 60]


def test_decimal_commas_between_semicolons(scores: Callable[[str], list[float]]) -> None:
    head = HEAD.replace(",", ";")
    assert scores(f"{head}\nv;0;en;90,5\nv;0;de;7\n") == [90.5, 7]
    with pytest.raises(UserError, match=r"x.csv:2: score: '90,5' is not allowed"):
        scores(f"{head}\nv;0;en;90,5\nv;0;de;7.5\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{HEAD}\n\n\n{ROWS}".replace("91", "x"), "x.csv:6: score: 'x'"),
        (f'{HEAD},error\nv,0,en,90,"a\nb"\nv,0,de,70,"a\n\nb"\nv,1,en,x,\n', "x.csv:7: score: 'x'"),
        (f'{HEAD},error\nv,0,en,90,"a\rb"\nv,0,de,x,\n', "x.csv:3: score: 'x'"),
        (f'{HEAD}\nv,0,en,90\n"v,0,de,70\n', "x.csv:3: not readable as CSV: a quote is opened and never closed"),
        (f"{HEAD}\nv,0,en,90\nv,0,d\re,70\n", "x.csv:3: not readable as CSV: a carriage return stands inside the line"),
        (f"{HEAD},collapsed\n{ROWS}", "x.csv:2: the row has 4 cells and the header 5 columns"),
        (f"{HEAD},score\n{ROWS}", "the column 'score' occurs twice"),
        (f"{HEAD},\nv,0,en,90,1\n", "column 5 has no name"),
        (f"{HEAD}\nv,0,en,90\nv,0,De,70\nv,1,de,70\n", r"x.csv:4: language: 'de' and 'De' \(line 3\) differ by case"),
        (f"{HEAD},setting\nv,0,en,90,a b\nv,1,en,90,ab\nv,0,de,1,ab\n", "setting: 'ab' and 'a b'"),
        (f"{HEAD}\nv,0,en,90\nv,0,de,101\n", "x.csv:3: score: '101' is not allowed; give points, from 0 to 100$"),
    ],
)
def test_mistakes_are_named_with_the_line_that_an_editor_shows(
    scores: Callable[[str], list[float]], text: str, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        scores(text)


def test_small_scores_that_are_points(scores: Callable[[str], list[float]]) -> None:
    assert scores(f"{HEAD}\nv,0,en,0\nv,0,de,0\n") == [0, 0]
    assert scores(f"{HEAD}\nv,0,en,90\nv,0,de,0.4\n") == [90, 0.4]
    assert scores(f"{HEAD},collapsed\nv,0,en,0.7,true\nv,0,de,0.4,true\n") == [0.7, 0.4]
    assert scores(f"{HEAD},metric\nv,0,en,0.7,f1\nv,0,de,0.4,f1\nv,0,en,14,accuracy\nv,0,de,12,accuracy\n")


def test_settings_that_differ_by_rounding_are_one(tmp_path: Path) -> None:
    rates = ("0.0003", "0.00030000000000000003", "0.0004")
    rows = [f"v,{seed},{code},60,{rate}" for seed, rate in enumerate(rates) for code in ("en", "de")]
    (tmp_path / "x.csv").write_text(table(f"{HEAD},learning_rate", rows), encoding="utf-8")
    assert read(str(tmp_path / "x.csv")).settings_met == ["learning_rate=0.0003", "learning_rate=0.0004"]
    values = pd.Series([0.1 + 0.2, 0.3, 0.3000001, float("nan")])
    assert list(one_value_each(values)[:3]) == [0.3, 0.3, 0.3000001]


def test_names_of_tables_and_of_studies() -> None:
    assert all(map(is_table, ("a.csv", "a.TSV", "b/a.txt", "a.csv.gz", "a.Tsv.GZ")))
    assert not any(map(is_table, ("quickstart", "short/steadiness", "csv", "a.yaml")))
    with pytest.raises(UserError, match=r"results: 'a.xlsx' is not allowed; give a text file that ends in .csv, .tsv"):
        is_table("a.xlsx")


def test_carriage_returns_do_not_break_the_lines_of_what_is_written(tmp_path: Path) -> None:
    csv_safe.write(pd.DataFrame({"a": ["x\ry", "\r=1", "z"]}), tmp_path / "y.csv")
    assert (tmp_path / "y.csv").read_bytes() == b'a\n"x\ny"\n"\'\n=1"\nz\n'
