"""Results from a CSV file: the round trip of steadytune's own file, and minimal files of other people."""

import gzip
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from analysis.results.frame import FINISHED, Results
from analysis.results.from_csv import read
from analysis.results.from_store import load
from analysis.results.tidy import COLUMNS, tidy
from harness.common.errors import UserError
from tests.helpers import synthetic
from tests.helpers.report_rows import made, run
from tests.helpers.tables import MIN


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Results of a synthetic study with a failed, a missing and a collapsed trial."""
    made = synthetic.study(6, rates=4, seeds=2)
    return load(synthetic.store(tmp_path_factory.mktemp("tidy") / "store", made), made.name)


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], str]:
    """A function that writes a file and returns its name."""

    def write(content: str) -> str:
        (tmp_path / "runs.csv").write_text(content, encoding="utf-8")
        return str(tmp_path / "runs.csv")

    return write


def test_the_languages_of_a_joint_source_are_no_targets() -> None:
    scores = {"en+de": 85.0, "en": 90.0, "de": 80.0, "hi": 40.0, "sw": 50.0}
    found = made([row for seed in (0, 1) for row in run("vanilla", seed, scores, source="en+de")])
    assert (found.source, found.about.targets) == ("en+de", ("hi", "sw"))
    assert found.runs["source"].tolist() == [85.0] * 2
    assert found.runs["zero_shot"].tolist() == [45.0] * 2


@pytest.mark.parametrize("name", ["results.csv", "results.csv.gz"])
def test_what_a_report_writes_reads_as_the_same_results(results: Results, tmp_path: Path, name: str) -> None:
    tidy(results).to_csv(tmp_path / name, index=False)
    again = read(str(tmp_path / name))
    pd.testing.assert_frame_equal(again.wide, results.wide)
    pd.testing.assert_frame_equal(again.runs, results.runs, check_dtype=False)
    assert again.methods == results.methods
    assert again.settings_met == results.settings_met
    assert (again.metric, again.source) == (results.metric, results.source)
    assert list(again.varied) == list(results.varied) == ["learning_rate", "warmup_steps"]
    for column in ("status", "collapsed", "diverged", "error", "test_data", "targets"):
        assert list(again.trials[column]) == list(results.trials[column]), column


def test_the_tidy_frame_has_every_trial_and_the_documented_columns(results: Results) -> None:
    frame = tidy(results)
    assert [*COLUMNS] == list(frame.columns[: len(COLUMNS)])
    assert {"learning_rate", "max_steps"} <= set(frame.columns)
    assert set(frame["trial"]) == set(results.trials["trial"])
    counts = frame.groupby("trial").size()
    finished = results.trials.set_index("trial")["status"] == FINISHED
    assert set(counts[finished]) == {(1 + 7) * 2}  # dev and seven test sets, two metrics
    assert set(counts[~finished]) == {7}
    assert set(frame.loc[frame["score"].isna(), "status"]) == {"failed", "missing"}
    assert frame["metric"].iloc[0] == results.metric


def test_the_least_that_a_file_can_have(written: Callable[[str], str]) -> None:
    results = read(written(MIN))
    assert results.about.name == "runs"
    assert (results.source, results.about.targets, results.metric) == ("en", ("de",), "score")
    assert results.methods == ["plain", "pulled"]
    assert list(results.runs["zero_shot"]) == [70.0, 60.0, 72.0]
    assert results.settings_met == ["the only one"]


def test_hyperparameters_name_the_settings(written: Callable[[str], str]) -> None:
    rows = "\n".join(
        f"v,0,{code},{score},{rate},{drop}"
        for rate, drop, score in ((1e-3, "", 5), (2e-3, 0.1, 6))
        for code in ("en", "de")
    )
    results = read(written(f"method,seed,language,score,learning_rate,setting.dropout\n{rows}\n"))
    assert results.settings_met == ["learning_rate=0.001 dropout=none", "learning_rate=0.002 dropout=0.1"]
    assert list(results.varied) == ["learning_rate", "setting.dropout"]


def test_another_source_and_reruns(written: Callable[[str], str]) -> None:
    name = written(
        "method,seed,replicate,language,score\n"
        + "\n".join(f"v,0,{r},{c},{50 + r}" for r in (0, 1) for c in ("de", "nl", "en"))
    )
    results = read(name, source="de")
    assert results.about.targets == ("nl", "en")
    assert list(results.runs["replicate"]) == [0, 1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda text: "id,sentence,score\n1,a,2\n",
            r"runs.csv: no table of results: the columns method, seed, language are missing",
        ),
        (lambda text: text.replace("score", "socre", 1), r"there is no 'socre'. Did you mean 'score'.*'setting.socre'"),
        (
            lambda text: text.replace("seed,", "", 1).replace(",0,", ",").replace(",1,", ","),
            r"the column 'seed' is missing",
        ),
        (lambda text: text.replace("70", "nan"), r"runs.csv:3: score: 'nan' is not allowed; give a finite number"),
        (lambda text: text.replace("70", "inf"), r"runs.csv:3: score: 'inf' is not allowed"),
        (lambda text: text.replace("70", ""), r"runs.csv:3: score: '' is not allowed"),
        (
            lambda text: text.replace("plain,1,en", "plain,x,en"),
            r"runs.csv:4: seed: 'x' is not allowed; give a whole number",
        ),
        (
            lambda text: text + "plain,0,de,70\n",
            r"one score per trial, language and metric; number reruns with the same seed in 'replicate'",
        ),
        (lambda text: text.splitlines()[0] + "\n", r"there are no rows below the header"),
        (lambda text: "", r"not readable as CSV: No columns"),
        (lambda text: text + "a,b,c,d,e,f\n", r"runs.csv:8: the row has 6 cells and the header 4 columns"),
        (lambda text: text + "a\n", r"runs.csv:8: the row has 1 cell and the header 4 columns"),
        (
            lambda text: text.replace("\n", ",7\n").replace("score,7", "score"),
            r"runs.csv:2: the row has 5 cells and the header 4 columns",
        ),
        (lambda text: text.replace(",en,", ",fr,"), r"source: there is no 'en'"),
        (
            lambda text: "".join(line for line in text.splitlines(True) if ",de," not in line),
            r"there is no target language",
        ),
        (lambda text: text.replace("plain,0,en", ",0,en"), r"runs.csv:2: method: '' is not allowed; give a name"),
    ],
)
def test_mistakes_in_a_file_are_named_with_their_line(
    written: Callable[[str], str], change: Callable[[str], str], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        read(written(change(MIN)))


def test_mistakes_in_optional_columns(written: Callable[[str], str]) -> None:
    def with_column(name: str, *values: str) -> str:
        head, *rows = MIN.splitlines()
        return "\n".join([f"{head},{name}", *(f"{row},{value}" for row, value in zip(rows, values, strict=True))])

    with pytest.raises(UserError, match="status: 'done' is not allowed; give one of finished, failed, missing"):
        read(written(with_column("status", *["done"] * 6)))
    with pytest.raises(UserError, match="'de' has scores on 2 test sets"):
        read(written(with_column("test_data", "e", "d1", "e", "d2", "e", "d1")))
    with pytest.raises(UserError, match="setting: '' is not allowed; give a label, in every row or in none"):
        read(written(with_column("setting", "a", "a", "a", "a", "a", "")))
    with pytest.raises(UserError, match="trial: 't' has rows of several values of method, seed"):
        read(written(with_column("trial", *["t"] * 5, "u").replace("pulled,0,en,89,t", "pulled,0,fr,89,t")))
    with pytest.raises(UserError, match="source: the rows have different sources: en, de; "):
        read(written(with_column("source", "en", "en", "en", "en", "de", "de")))
    with pytest.raises(UserError, match="collapsed: 'maybe' is not allowed"):
        read(written(with_column("collapsed", *["maybe"] * 6)))


def test_a_gzipped_file_that_was_cut_short(written: Callable[[str], str]) -> None:
    file = Path(written(MIN))
    whole = gzip.compress(file.read_bytes())
    for content in (whole[:20], whole[:20] + b"\0" * 20):
        file.with_name("runs.csv.gz").write_bytes(content)
        with pytest.raises(UserError, match=r"runs\.csv\.gz: not readable as CSV"):
            read(str(file.with_name("runs.csv.gz")))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=re.escape("results: ")):
        read(str(tmp_path / "none.csv"))
