"""``steadytune report`` for a user: one line for a mistake, nothing half-written, and results for good input."""

import json
import os
import re
from pathlib import Path

import pytest

from tests.helpers.command_line import short_study
from tests.helpers.pages import Page
from tests.helpers.report_files import HEAD, ROWS, call, check_page, table

SPECIAL = r"""a_b & 50% $x$ #1 {y} ~ ^ \ < > 'r' é 中 <script>alert(1)</script>"""


def contents(folder: Path) -> dict[str, int]:
    return {str(file): file.stat().st_mtime_ns for file in sorted(folder.rglob("*"))}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("report synthetic --store none", "store: 'none' does not exist; give the folder that 'steadytune run' wrote"),
        ("report synthetic --store hollow", "store: 'hollow' does not exist"),
        ("report synthetic --store plain~folder", "store: 'plain folder' is not allowed; it exists and is not a store"),
        ("report synthetic --store a~file", "store: 'a file' is not allowed; it exists and is not a store"),
        ("report synthetic --store nothing", "study in nothing: there is no 'synthetic'. Known: none"),
        ("report sinthetic --store store", "study in store: there is no 'sinthetic'. Did you mean 'synthetic'?"),
        ("report ../store --store store", "study: '../store' is not allowed; give the name of a study that was run"),
        ("report mine.yaml --store store", "'mine.yaml' is not allowed; give a file that exists"),
        ("report synthetic --store mixed", "test data: 'af' has scores on 2 test sets (another, synthetic-af)"),
        ("report --example --watch", "--watch: not with --example, whose results are complete"),
        ("report --example panx --map method=a", "--map: not with --example, whose results are complete"),
        ("report none.csv", "results: 'none.csv' is not allowed; give a file that exists"),
        ("report folder.csv", "results: 'folder.csv' is not allowed; give a file that exists"),
        ("report column.csv", "column.csv: column: there is no 'scroe'. Did you mean 'score'?"),
        ("report nan.csv", "nan.csv:5: score: 'NaN' is not allowed; give a finite number"),
        ("report mixed.csv", "test data: 'de' has scores on 2 test sets"),
        ("report binary.csv", "binary.csv: "),
        ("report latin.csv", "latin.csv: not readable as CSV: 'utf-8' codec can't decode byte 0xe4"),
        ("report utf16.csv", "utf16.csv: not readable as CSV: 'utf-8' codec can't decode"),
        ("report gzip.csv.gz", "gzip.csv.gz: not readable as CSV: Not a gzipped file"),
        ("report empty.csv", "empty.csv: not readable as CSV"),
        ("report header.csv", "header.csv: there are no rows below the header"),
        ("report seed.csv", "seed.csv:4: seed: '99999999999999999999' is not allowed; give a whole number below 2^53"),
        (
            "report examples.csv",
            "examples.csv:2: examples: 'inf' is not allowed; give a number of at least 0, or nothing",
        ),
        ("report good.csv --source fr", "good.csv: source: there is no 'fr'. Known: de, en"),
        (
            "report synthetic --store store --source en",
            "--source: 'en' is not allowed; give it with a table or another program's results",
        ),
        ("report good.csv --out a~file", "--out: 'a file' cannot be written: Not a directory"),
        ("report good.csv --out a~file/below", "--out: 'a file/below' cannot be written"),
        ("report good.csv --out /proc/nowhere", "--out: '/proc/nowhere' cannot be written"),
        ("report good.csv --baseline pulld", "--baseline: there is no 'pulld'. Did you mean 'pulled'? Known: plain"),
        ("report good.xlsx", "results: 'good.xlsx' is not allowed; give a text file that ends in .csv, .tsv, .txt"),
        ("compare good.csv others.csv --baseline vanila", "--baseline: there is no 'vanila'"),
        ("compare good.csv none.csv", "results: 'none.csv' is not allowed"),
        ("compare good.csv good.csv", "compare: good.csv is given twice; give two results"),
        (
            "compare synthetic synthetic --store store",
            "compare: synthetic is given twice; give two results, or --other-store",
        ),
        (
            "compare synthetic synthetec --store store",
            "study in store: there is no 'synthetec'. Did you mean 'synthetic'?",
        ),
        ("compare synthetic synthetic --store store --other-store none", "store: 'none' does not exist"),
        (
            "compare good.csv metric.csv",
            "good has the metric 'score' and metric 'accuracy'; compare results of one metric",
        ),
        ("compare good.csv german.csv", "good and german have no target language in common"),
        ("compare good.csv dutch.csv", "good and dutch have no target language in common"),
        ("compare synthetic good.csv --store store", "synthetic has the metric 'f1' and good 'score'"),
        ("compare good.csv others.csv --out a~file", "--out: 'a file' cannot be written"),
    ],
)
def test_mistakes_get_one_line_and_leave_nothing_behind(
    made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: str, message: str
) -> None:
    monkeypatch.chdir(made)
    before = contents(made)
    assert call(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("steadytune: ")
    assert captured.err.count("\n") == 1
    assert message in captured.err
    assert {name: time for name, time in contents(made).items() if name in before and Path(name).is_file()} == {
        name: time for name, time in before.items() if Path(name).is_file()
    }
    assert contents(made).keys() == before.keys()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        *((f"report synthetic --store store --watch {given}", f"argument --watch: '{given}' is not allowed; give a "
            "whole number of seconds")
          for given in ("0", "-1", "x", "1.5", "99999999999999999999")),
        *((f"{command} --equivalent-ratio {given}", f"argument --equivalent-ratio: '{given}' is not allowed; give two "
            "ratios, one below 1 and one above, such as 0.8:1.25")
          for command, given in (("report good.csv", "0.8"), ("compare good.csv others.csv", "1.25:0.8"))),
        ("report good.csv --equivalent-points 0", "argument --equivalent-points: '0' is not allowed; give a number of"),
        ("report synthetic --store store --ddof 2", "argument --ddof: invalid choice: 2"),
        ("compare synthetic", "the following arguments are required: B"),
        ("report", "the following arguments are required: STUDY"),
    ],
)  # fmt: skip
def test_mistakes_in_options(
    made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: str, message: str
) -> None:
    monkeypatch.chdir(made)
    before = contents(made)
    assert call(arguments) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"steadytune: {message}")
    assert contents(made) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_may_not_be_written(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    assert call(f"report {made / 'good.csv'} --out {tmp_path / 'locked' / 'out'}") == 2
    assert "cannot be written: Permission denied" in capsys.readouterr().err


def test_what_fails_in_the_making_leaves_the_older_report(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert call(f"report {made / 'good.csv'} --out {out}") == 0
    before = contents(tmp_path)

    def full(*_: object, **__: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("analysis.rendering.page.render", full)
    assert call(f"report {made / 'good.csv'} --out {out}") == 2
    assert "cannot be written: No space left on device" in capsys.readouterr().err
    assert {name: time for name, time in before.items() if Path(name).is_file()} == {
        name: time for name, time in contents(tmp_path).items() if Path(name).is_file()
    }


def test_a_report_of_its_own_results_has_the_same_tables(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(f"report {made / 'good.csv'} --out {tmp_path / 'first'}") == 0
    out = capsys.readouterr().out
    assert f"report: {tmp_path / 'first' / 'report.html'}" in out
    assert call(f"report {tmp_path / 'first' / 'results.csv'} --out {tmp_path / 'second'}") == 0
    first, second = (
        {file.name: file.read_bytes() for file in (tmp_path / name / "tables").iterdir()}
        for name in ("first", "second")
    )
    assert first.keys() == second.keys()
    assert len(first) >= 12
    assert [name for name in first if first[name] != second[name]] == []
    assert (tmp_path / "first" / "results.csv").read_bytes() == (tmp_path / "second" / "results.csv").read_bytes()
    answer, again = (
        json.loads((tmp_path / name / "answer.json").read_text(encoding="utf-8")) for name in ("first", "second")
    )
    assert answer["claims"]
    assert answer["claims"] == again["claims"]
    page = " ".join(" ".join(Page((tmp_path / "first" / "report.html").read_text(encoding="utf-8")).text).split())
    for sentence in answer["sentences"]:
        assert " ".join(sentence.split()) in page
        assert " ".join(sentence.split()) in " ".join(out.split())


def test_a_file_is_put_beside_the_paper(tmp_path: Path) -> None:
    rows = [
        f"{method},{seed},{code},{60 + seed}"
        for method in ("vanilla", "l2(strength=0.1)")
        for seed in (0, 1)
        for code in ("en", "de")
    ]
    (tmp_path / "runs.csv").write_text(table(f"{HEAD},task", rows, lambda row: f"{row},panx"), encoding="utf-8")
    assert call(f"report {tmp_path / 'runs.csv'} --published --out {tmp_path / 'out'}") == 0
    assert list((tmp_path / "out" / "tables").glob("published-*.csv"))
    assert call(f"report {tmp_path / 'runs.csv'} --out {tmp_path / 'out'}") == 0
    assert not list((tmp_path / "out" / "tables").glob("published-0*.csv"))  # not the paper's encoder


def test_one_s_own_study_file_names_its_report(cut: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.yaml").write_text(short_study(cut), encoding="utf-8")
    store = f"--store {tmp_path / 'store'}"
    assert call(f"run {tmp_path / 'mine.yaml'} {store} --local --no-report") == 0
    assert not (tmp_path / "store" / "reports").exists()
    capsys.readouterr()
    assert call(f"report {tmp_path / 'mine.yaml'} {store}") == 0
    assert f"report: {tmp_path / 'store' / 'reports' / 'mine' / 'report.html'}" in capsys.readouterr().out
    page = (tmp_path / "store" / "reports" / "mine" / "report.html").read_text(encoding="utf-8")
    assert "1 of 1 finished" in page
    check_page(page)


def test_one_run_a_method_has_no_standard_deviation(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(f"report {made / 'once.csv'} --out {tmp_path / 'out'}") == 0
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    check_page(page)
    for file in (tmp_path / "out" / "tables").glob("*.[mt]*"):
        assert not re.search(r"\b(nan|inf)\b", file.read_text(encoding="utf-8"), flags=re.IGNORECASE), file.name
    assert (
        "±"
        not in (tmp_path / "out" / "tables" / "languages.md")
        .read_text(encoding="utf-8")
        .partition("|")[2]
        .partition("\n\n")[0]
    )
    answer = page[page.index('class="answer"') : page.index("</section>")]
    assert "One pair of runs has no spread." in answer
    assert not re.search(r"\bnan\b", capsys.readouterr().out, flags=re.IGNORECASE)


def test_names_with_special_characters_are_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = SPECIAL.replace('"', '""')
    rows = [row.replace("plain", f'"{name}"').replace("pulled", f'"{name}!"') for row in ROWS]
    content = table(f"{HEAD},study,encoder,setting", rows, lambda row: f'{row},"{name}","{name}","{name}"')
    (tmp_path / "runs.csv").write_text(content, encoding="utf-8")
    assert call(f"report {tmp_path / 'runs.csv'} --out {tmp_path / 'out'}") == 0
    assert SPECIAL in capsys.readouterr().out
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    for kind in ("csv", "md", "tex"):  # the two names map to one file name
        assert len(list((tmp_path / "out" / "tables").glob(f"variance-*.{kind}"))) in (0, 2)
    written = (tmp_path / "out" / "tables" / "languages.tex").read_text(encoding="utf-8")
    assert r"a\_b" in written
    assert "$x$" not in written
    check_page(page)


def test_tables_of_names_alike_are_all_there(tmp_path: Path) -> None:
    methods = ["x y", "x_y", "X-Y", "m" * 300]
    rows = [
        f"{m},{seed},{code},{50 + seed + i}"
        for m in methods
        for seed in (0, 1, 2)
        for i, code in enumerate(("en", "de", "hi"))
    ]
    (tmp_path / "runs.csv").write_text(table(rows=rows), encoding="utf-8")
    assert call(f"report {tmp_path / 'runs.csv'} --out {tmp_path / 'out'}") == 0
    names = [file.stem for file in (tmp_path / "out" / "tables").glob("variance-*.csv")]
    assert len({name.lower() for name in names}) == len(names) == 4


def test_bounds_of_equivalence_are_an_option(made: Path, tmp_path: Path) -> None:
    options = "--equivalent-ratio 0.5:2 --equivalent-points 3"
    assert call(f"report {made / 'good.csv'} {options} --out {tmp_path / 'out'}") == 0
    claims = json.loads((tmp_path / "out" / "answer.json").read_text(encoding="utf-8"))["claims"]
    found = [claim["bounds"] for claim in claims if claim["bounds"]]
    assert found
    assert all(bounds in ([0.5, 2], [-3, 3]) for bounds in found)
