"""Hostile names in a report are text, create no file elsewhere, and are no formula."""

import base64
import contextlib
import csv
import itertools
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from analysis.results import from_csv
from harness.cli.main import main
from tests.helpers.pages import COMMANDS, Tags

HOSTILE = (
    """</style></title></script><script>alert(1)</script><img src=x onerror=alert(1)>"'` """
    r"""\input{/etc/passwd} 100% a_b $x$ {{7*7}} ${x} #1 ^~"""
)
FORMULAS = ("=HYPERLINK(A1)", "+1+cmd|x", "-2+3", "@SUM(A1)", "\t=1+1", "'=1", "''@a", "-", "=")
NO_FILES = (
    "../../up",
    "/etc/up",
    "..",
    ".",
    "x" * 3000,
    "~/up",
    "C:\\up",
    "-rf",
    ".up",
    "a/../../up",
    "nul",
    "\u2024\u2024\u2215up",
)


def reported(folder: Path, names: Sequence[str], *out: str) -> Path:
    """A report of runs whose methods have these names; everything else has the first of them."""
    head = [
        "method",
        "seed",
        "language",
        "score",
        "status",
        "error",
        "study",
        "task",
        "encoder",
        "setting",
        "metric",
        "setting.<b>",
    ]
    first = names[0]
    rows = [
        [method, str(seed), language, str(60 + seed + i), "finished", "", *[first] * 5, "1"]
        for i, method in enumerate(names) for seed in range(2) for language in ("en", "de", first)
    ]  # fmt: skip
    rows.append([first, "9", "de", "", "failed", *[first] * 6, "1"])
    folder.mkdir(parents=True)
    with (folder / "runs.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *rows])
    with contextlib.chdir(folder):
        assert main(["report", "runs.csv", *out]) == 0
    return folder


def test_hostile_names_are_text_in_html_and_latex(tmp_path: Path) -> None:
    hostile, harmless = (
        reported(tmp_path / name, names, "--out", "out") / "out"
        for name, names in (("1", [HOSTILE, "b"]), ("2", ["a", "b"]))
    )
    html = (hostile / "report.html").read_text(encoding="utf-8")
    tags, others = Tags(html), Tags((harmless / "report.html").read_text(encoding="utf-8"))
    assert {tag for tag, _ in tags.all} <= {tag for tag, _ in others.all}
    assert [script.get("data-part") for script in tags.of("script")] == ["page"]
    assert len(tags.of("style")) == 1
    assert len(tags.of("title")) == len(others.of("title"))  # the page's title, and one per dot
    assert not [name for _, attributes in tags.all for name in attributes if name.startswith("on")]
    assert "{{7*7}}" in html
    for image in tags.of("img"):
        drawn = Tags(base64.b64decode(image["src"].removeprefix("data:image/svg+xml;base64,")).decode())
        assert not [tag for tag, _ in drawn.all if tag in ("script", "img", "foreignobject")]
    written = [file.read_text(encoding="utf-8") for file in (hostile / "tables").glob("*.tex")]
    assert any("input" in text for text in written)
    for text in written:
        assert {*re.findall(r"\\([A-Za-z]+)", text.replace(r"\\", " "))} <= {*COMMANDS}
        assert not re.search(r"(?<!\\)%(?! \\usepackage|$)", text, flags=re.MULTILINE)


@pytest.mark.nightly
def test_hostile_names_make_no_file_elsewhere(tmp_path: Path) -> None:
    reported(tmp_path / "a" / "b" / "c", NO_FILES)
    for name in NO_FILES[1:3]:
        reported(tmp_path / "a" / "b" / str(len(name)), [name, "b"])
    made = {file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*") if file.is_file()}
    assert all(re.match(r"a/b/\w+/(runs\.csv$|steadytune-reports/\w)", name) for name in made), made


def test_no_cell_of_a_csv_is_a_formula(tmp_path: Path) -> None:
    out = reported(tmp_path / "in", FORMULAS, "--out", "out") / "out"
    for file in [*(out / "tables").glob("*.csv"), out / "results.csv"]:
        with file.open(encoding="utf-8", newline="") as read:
            for cell in itertools.chain.from_iterable(csv.reader(read)):
                assert not re.match(r"[=+@\t\r-]", cell) or re.fullmatch(r"[+-][\d.]+(e[+-]?\d+)?", cell), (
                    file.name,
                    cell,
                )
    first = from_csv.read(str(tmp_path / "in" / "runs.csv"))
    assert (
        from_csv.read(str(out / "results.csv")).methods
        == first.methods
        == ["=HYPERLINK(A1)", "+1+cmd|x", "-2+3", "@SUM(A1)", "=1+1", "=1", "'@a", "-", "="]
    )
