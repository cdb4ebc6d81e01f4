"""Lines for the terminal are no wider than it is, and lose nothing."""

import io

import pytest
from rich.console import Console

from harness.common.console import aligned, filled, say, table

LABEL = "ewc(strength=10, languages=de+hi, estimator=sampled)"
ROW = ["  5f0ecc14cd0b94e4", "missing", LABEL, "learning_rate=0.0003 warmup_steps=10", "seed=0", ""]


@pytest.mark.parametrize("width", [80, 72, 200])
def test_rows_fit_and_keep_their_words(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    lines = aligned([ROW, [*ROW[:4], "seed=11", ""]])
    assert max(map(len, lines)) <= width
    assert sorted("".join(lines).replace(" ", "")) == sorted("".join([*ROW, *ROW[:4], "seed=11"]).replace(" ", ""))
    assert len(lines) == (2 if width == 200 else len(lines))
    assert lines[0].startswith("  5f0ecc14cd0b94e4  missing  ewc(strength=10,")


def test_columns_line_up() -> None:
    assert aligned([["a", "10", "x"], ["bcd", "9", ""]], right=[1]) == ["a    10  x", "bcd   9"]


def test_a_wide_table_gives_its_first_column_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    header = ["method", "runs", "en", "zero-shot", "languages", "std of zero-shot against vanilla"]
    cells = ["8/8", "68.08 ± 42.03", "43.29 ± 26.74", "11", "-93 % (n=8)"]
    label = "child_tuning(probability=0.3)"
    rows = [[label, *(cell.replace(" ", "\N{NO-BREAK SPACE}") for cell in cells)]]
    lines = table(header, rows)
    assert max(map(len, lines)) <= 80
    assert lines[0] == "method"
    assert lines[-2] == label
    assert all(cell in lines[-1] for cell in cells)
    monkeypatch.setenv("COLUMNS", "150")
    head, rule, row = table(header, rows)
    assert head.split() == " ".join(header).split()
    assert set(rule) == {"-", " "}
    assert row.startswith(f"{label}  8/8   68.08 ± 42.03  43.29")


def test_a_path_stays_whole() -> None:
    path = "/a/" + "long_name/" * 12
    assert path in filled(f"The report is in the folder {path} now, with its tables and figures.")


@pytest.mark.parametrize("terminal", [True, False])
def test_a_line_of_a_run(terminal: bool) -> None:
    file = io.StringIO()
    console = Console(file=file, force_terminal=terminal, width=60, color_system=None, _environ={})
    start = r"12/24  ewc\[strength=10, languages=de] learning_rate=0.002 seed=0"
    say(console, f"{start}: [red]failed[/red]: en 85.1, zero-shot 50.5 (3 s)")
    lines = file.getvalue().splitlines()
    assert len(lines) == (2 if terminal else 1)
    assert not terminal or (max(map(len, lines)) <= 60 and lines[1].startswith("    "))
    assert " ".join(file.getvalue().split()) == (
        "12/24 ewc[strength=10, languages=de] learning_rate=0.002 seed=0: failed: en 85.1, zero-shot 50.5 (3 s)"
    )
