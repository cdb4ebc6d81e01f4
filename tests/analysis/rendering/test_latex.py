"""Every table of a report as LaTeX: always checked by a parser, and by pdflatex if that is installed."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from analysis.rendering import latex
from analysis.rendering.cells import Interval, Number, Ratio, Score
from analysis.rendering.table import Table
from analysis.report import chapters
from analysis.results import from_csv
from analysis.results.from_store import load
from analysis.results.tidy import tidy
from analysis.results.view import View
from harness.methods import L2, Vanilla
from tests.helpers import synthetic
from tests.helpers.pages import COMMANDS

SPECIAL = r"""a_b & 50% $x$ #1 {y} ~ ^ \ < > "q" 'r' é 中"""
BRACKET = "[x] --b* | <i onclick=x>"
PREAMBLE = r"""
\documentclass[11pt]{article}
\usepackage[a4paper,margin=2.5cm]{geometry}
\usepackage[T1]{fontenc}
\usepackage{array,booktabs,graphicx,longtable,pdflscape}
"""
UNFITTED = r"\renewcommand\resizebox[3]{#3}"
"""Preamble that shows the tables' own widths."""
TOLERATED = 20.0
"""Points by which a floating table may exceed the line: it is then shrunk to the line."""


def every(view: View) -> list[Table]:
    """All tables of a report, including the tables without collapsed runs."""
    return [
        table
        for chapter in chapters(view)
        for section in (chapter.section, chapter.twin)
        if section is not None
        for table in section.tables
    ]


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> list[Table]:
    """Tables of a study with 40 languages, beside the paper's."""
    made = synthetic.study(40, methods=(Vanilla(), L2(strength=0.1), L2(strength=1.0)), rates=2, seeds=2)
    store = synthetic.store(tmp_path_factory.mktemp("wide") / "store", made, histories=False)
    return every(View(load(store, made.name), store=store, published=True))


@pytest.fixture(scope="module")
def special(tmp_path_factory: pytest.TempPathFactory) -> list[Table]:
    """Tables of a file in which every name holds LaTeX's special characters."""
    folder = tmp_path_factory.mktemp("special")
    made = synthetic.study(3, methods=(Vanilla(), L2(strength=0.1), L2(strength=1.0)), rates=2, seeds=2)
    rows = tidy(load(synthetic.store(folder / "store", made), made.name))
    methods = {method: f"{SPECIAL} {i}" if i else BRACKET for i, method in enumerate(rows["method"].unique())}
    settings = {setting: f"*{SPECIAL} {i}" for i, setting in enumerate(rows["setting"].unique())}
    rows = rows.assign(
        study=SPECIAL, encoder=SPECIAL, method=rows["method"].map(methods), setting=rows["setting"].map(settings)
    )
    rows["setting.x_y & <b>"] = "√λ"
    rows["error"] = rows["error"].where(rows["error"] == "", f"{SPECIAL}\n\nand | more")
    rows.to_csv(folder / "runs.csv", index=False)
    return every(View(from_csv.read(str(folder / "runs.csv"))))


def cells(line: str) -> int:
    return len(re.findall(r"(?<!\\)&", line)) + 1


def check(text: str, columns: int) -> None:
    """Check a table with a parser."""
    assert all(letter in latex.KNOWN or letter == "\n" for letter in text), sorted({*text} - latex.KNOWN)
    code = "\n".join(line for line in text.splitlines() if not line.startswith("% \\usepackage"))
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", code.replace(r"\\", "  ")):
        depth += 1 if brace == "{" else -1
        assert depth >= 0
    assert depth == 0
    opened: list[str] = []
    for kind, name in re.findall(r"\\(begin|end)\{(\w+)\}", code):
        if kind == "begin":
            opened.append(name)
        else:
            assert opened.pop() == name
    assert not opened
    assert {*re.findall(r"\\([A-Za-z]+)", code.replace(r"\\", " "))} <= {*COMMANDS}
    assert not re.findall(r"(?<!\\)#", code)
    assert all(line.endswith("%") for line in code.splitlines() if re.search(r"(?<!\\)%", line))
    assert len(re.findall(r"(?<!\\)\$", code)) % 2 == 0
    assert not re.search(r"\b(nan|inf)\b", code)
    rules = [line for line in code.splitlines() if line.endswith(r"\\") and not line.startswith(r"\caption")]
    met = re.findall(r"\\begin\{(?:tabular|longtable)\}\{(.*)\}$", code, flags=re.MULTILINE)
    specs = [re.sub(r">\{[^}]*\}|p\{[^}]*\}", lambda found: "p" if found[0][0] == "p" else "", spec) for spec in met]
    assert {len(spec) for spec in specs} == {cells(line) for line in rules}
    assert sum(len(spec) - 1 for spec in specs) == columns - 1  # each part has the first column
    assert not any(re.match(r"\s*[\[*]", line) for line in rules)  # LaTeX would read it as an option of the line before


@pytest.mark.parametrize("report", ["wide", "special"])
def test_every_table_is_well_formed(request: pytest.FixtureRequest, report: str) -> None:
    tables: list[Table] = request.getfixturevalue(report)
    assert len(tables) >= 12
    for table in tables:
        check(table.latex(), len(table.header))


def compiled(folder: Path, texts: Sequence[str], *, preamble: str = PREAMBLE) -> tuple[int, list[str]]:
    """Exit code and complaints of a document with the tables."""
    for number, text in enumerate(texts):
        (folder / f"{number}.tex").write_text(text, encoding="utf-8")
    inputs = "\n".join(rf"\typeout{{TABLE {number}}}\input{{{number}.tex}}\clearpage" for number in range(len(texts)))
    (folder / "all.tex").write_text(
        rf"{preamble}\begin{{document}}{inputs}\listoftables\end{{document}}", encoding="utf-8"
    )
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    for _ in range(2):  # the list of tables is written by the run before
        ended = subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=120)
    log = (folder / "all.log").read_text(encoding="utf-8", errors="replace")
    met, table = [], ""
    for line in log.splitlines():
        table = line if line.startswith("TABLE ") else table
        if line.startswith(("!", "Missing character")) or "Overfull \\hbox" in line:
            met.append(f"{table}: {line}")
    return ended.returncode, met


needs_pdflatex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")


@needs_pdflatex
@pytest.mark.parametrize("report", ["wide", "special"])
def test_every_table_compiles_and_stays_on_the_page(
    request: pytest.FixtureRequest, tmp_path: Path, report: str
) -> None:
    tables: list[Table] = request.getfixturevalue(report)
    texts = [table.latex() for table in tables]
    code, met = compiled(tmp_path, texts)
    assert (code, met) == (0, [])
    code, met = compiled(tmp_path, texts, preamble=PREAMBLE + UNFITTED)
    assert code == 0
    assert all(float(re.findall(r"\(([\d.]+)pt too wide", line)[0]) < TOLERATED for line in met), met


@needs_pdflatex
def test_the_packages_that_a_file_names_suffice(tmp_path: Path) -> None:
    tables = [many(4, 3, "x"), many(4, 60, "x"), many(12, 60, "long words " * 9), many(60, 3, "x")]
    for table in tables:
        named = "\n".join(line.removeprefix("% ") for line in table.latex().splitlines() if line.startswith("% "))
        (tmp_path / table.name).mkdir()
        preamble = rf"\documentclass[a4paper]{{article}}{named}"
        code, met = compiled(tmp_path / table.name, [table.latex()], preamble=preamble)
        assert code == 0, met


def many(columns: int, rows: int, note: str) -> Table:
    header = ["language", *(f"method-{i}(strength={i})" for i in range(columns))]
    body = [[f"row {i}", *[Score(50 + i % 7, 1.0, 4, 5, best=i % 2 == 0)] * (columns - 1), note] for i in range(rows)]
    return Table(f"many-{columns}-{rows}", "Many columns", header, body, footer=1)


def test_a_table_too_wide_for_a_page_is_split() -> None:
    text = many(60, 3, "x").latex()
    parts = text.count(r"\begin{tabular}")
    assert parts > 1
    assert f"Many columns (2 of {parts})" in text
    assert text.count("row 0") == parts
    for i in range(60):
        assert f"method-{i}(strength={i})" in text.replace(r"\\", " ")
    check(text, 61)
    assert many(4, 3, "x").latex().count(r"\begin{tabular}") == 1


def test_cells_have_their_marks() -> None:
    table = Table(
        "marks",
        "Marks",
        ["method", "score", "ratio", "p", "interval"],
        [
            [
                "best",
                Score(62.0, 1.5, 5, 5, best=True),
                Ratio(4.0, 0.001, 1e5),
                Number(1.3e-5, ".2g"),
                Interval(-0.5, -1.0, 0.25),
            ],
            [
                "some failed",
                Score(62.0, 1.5, 4, 5),
                Ratio(float("nan"), 0, 0),
                Number(float("nan")),
                Interval(float("nan"), 0, 0),
            ],
            [
                "all failed",
                Score(float("nan"), float("nan"), 0, 5),
                Ratio(0.5, 0.4, 0.7),
                Number(2.0),
                Interval(1.0, 0.5, 2.0),
            ],
            ["mean", "–", "–", "–", "–"],
        ],
        footer=1,
    )
    text = table.latex()
    best, some, none, rule, last = text[text.index(" best") : text.index(r"\bottomrule")].splitlines()
    assert [cell.strip(" \\") for cell in best.split("&")] == [
        "best",
        r"$\mathbf{62.00} \pm 1.50$",
        r"$4.00\;[<0.01, >100]$",
        r"$1.3 \cdot 10^{-5}$",
        r"$-0.50\;[-1.00, 0.25]$",
    ]
    assert [cell.strip(" \\") for cell in some.split("&")] == [
        "some failed",
        r"$62.00 \pm 1.50$ (4/5)",
        "--",
        "--",
        "--",
    ]
    assert "-- (0/5)" in none
    assert rule == r"\midrule"
    assert last.split("&")[1].strip() == "--"
    check(text, 5)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a_b & 5% #1 {y}", r"a\_b \& 5\% \#1 \{y\}"),
        ("~^\\", r"\textasciitilde{}\textasciicircum{}\textbackslash{}"),
        ('<i> "q" | `', r"\textless{}i\textgreater{} \char34{}q\char34{} \textbar{} \textasciigrave{}"),
        (
            "τ λ θ* ξ ± 2 × 3 − 1 ≤ √2 § 4 …",
            r"$\tau$ $\lambda$ $\theta$* $\xi$ $\pm$ 2 $\times$ 3 $-$ 1 $\le$ $\surd$2 \S{} 4 \dots{}",
        ),
        ("--source", "-{}-source"),
        ("---", "-{}-{}-"),
        ("[a]", "{[}a]"),
        ("*a*", "{*}a*"),
        ("a\n\nb\tc\0", "a b c "),
        ("é ß Ł ș e\u0301", "é ß Ł ș é"),
        ("ﬁ\u200b①", "fi1"),
        ("中", r"\ifdefined\Umathcode\symbol{20013}\else\texttt{[U+4E2D]}\fi{}"),
    ],
)
def test_special_characters_are_printed_unchanged(text: str, expected: str) -> None:
    assert latex.escaped(text) == expected


@needs_pdflatex
@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed")
def test_names_can_be_read_on_the_page(tmp_path: Path) -> None:
    code, met = compiled(
        tmp_path, [Table("one", SPECIAL, ["name", "x"], [[SPECIAL, "1"], [BRACKET, "2"]], [SPECIAL]).latex()]
    )
    assert (code, met) == (0, [])
    shown = subprocess.run(
        ["pdftotext", "-layout", str(tmp_path / "all.pdf"), "-"], capture_output=True, check=True
    ).stdout.decode()
    words = " ".join(shown.replace("˜", "~").replace("ˆ", "^").replace("’", "'").split())
    assert words.count(SPECIAL.replace("中", "[U+4E2D]")) >= 3  # its row, its caption's note and the list of tables
    assert BRACKET in words
