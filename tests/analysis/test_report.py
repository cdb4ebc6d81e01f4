"""The report from a real store: complete, self-contained, and honest about what is not there."""

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.report import write_report
from analysis.results.from_store import load
from harness.common.errors import UserError
from harness.execution.attempt import attempt, failed
from harness.execution.plan import plan
from harness.execution.resources import Resources
from harness.methods import L2, Vanilla
from harness.store.store import Store
from harness.study import Setting, Study, TrialConfig
from tests.helpers.pages import Page, record
from tests.helpers.stores import result_of
from tests.helpers.studies import SHORT


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, cut: Path) -> Path:
    """A store with a study of four trials: two finished, one failed, one missing."""

    study = Study(
        name="half",
        question="<b>?",
        task="udpos",
        data=str(cut),
        methods=(Vanilla(), L2(strength=0.01)),
        settings=(SHORT,),
        seeds=(0, 1),
        targets=("de", "hi"),
    )
    trials = plan(study)
    store = Store(tmp_path_factory.mktemp("report") / "store")
    store.save_study(study, trials)
    attempt(trials[0], store, Resources())
    attempt(trials[2], store, Resources())
    failed(trials[1], store, "RuntimeError: <script>alert(1)</script> & 5 %", "trace")
    return Path(store.root)


def test_the_report_is_one_self_contained_file_with_everything_beside_it(place: Path) -> None:
    written = write_report(Store(place, create=False), "half")
    page = Page(written.html.read_text(encoding="utf-8"))
    folder = written.html.parent
    beside = [link for link in page.links if not link.startswith(("data:", "#", "https://"))]
    assert len(beside) > 20
    assert not [link for link in beside if not (folder / link).is_file()]
    text = " ".join(page.text)
    for heading in (
        "Source and zero-shot scores",
        "Scores per language",
        "Failed, missing and collapsed trials",
        "Cost",
        "Provenance",
    ):
        assert heading in text
    assert "2 of 4 finished" in text
    assert "Of 4 trials, 1 failed and 1 has not run" in text
    assert "<script>alert(1)</script> & 5 %" in text  # escaped in the file: it is text, not a tag
    assert "<script>" not in written.html.read_text(encoding="utf-8")
    assert {f.name for f in (folder / "figures").iterdir()} == {
        f"{name}.{kind}"
        for name in ("distributions", "heatmap", "penalty", "source-zero-shot")
        for kind in ("png", "svg")
    } | {"runs.svg"}
    assert {f.name for f in (folder / "tables").iterdir()} == {
        f"{name}.{kind}"
        for name in (*("numbers", "summary", "languages", "troubles", "settings", "methods", "cost", "provenance"),)
        for kind in ("csv", "md", "tex")
    }
    assert "(1/2)" in written.summary
    assert max(map(len, written.summary.splitlines())) <= 80
    assert "2 of 4 runs are incomplete" in written.summary


def test_the_frame_has_a_row_a_trial_language_and_metric(place: Path) -> None:
    results = load(Store(place, create=False), "half")
    assert len(results.scores) == 2 * (1 + 3) * 2  # trials × (dev + three test sets) × metrics
    assert list(results.trials["status"]) == ["finished", "failed", "finished", "missing"]
    store = Store(place, create=False)
    for row in results.test.itertuples():
        record = store.record(str(row.trial))
        assert record is not None
        assert record.scores.test[row.language].metrics["f1"] == row.score
    table = pd.read_csv(place / "reports" / "half" / "tables" / "languages.csv").set_index("language")
    hindi = results.test.query("language == 'hi' and method == 'vanilla'")["score"]
    assert table.loc["hi", "vanilla mean"] == pytest.approx(hindi.mean())


def test_writing_it_again_replaces_it_and_leaves_nothing_behind(place: Path, tmp_path: Path) -> None:
    store = Store(place, create=False)
    first = write_report(store, "half", tmp_path / "out")
    content = {f.relative_to(tmp_path): f.read_bytes() for f in tmp_path.rglob("*.svg")}
    (tmp_path / "out" / "mine.txt").touch()
    (tmp_path / "out" / "figures" / "mine.png").touch()
    second = write_report(store, "half", tmp_path / "out", ddof=0)
    assert "ddof=1" in first.summary
    assert "ddof=0" in second.summary
    assert {f.name for f in (tmp_path / "out").iterdir()} == {
        ".contents",
        "answer.json",
        "report.html",
        "results.csv",
        "tables",
        "figures",
        "mine.txt",
    }
    assert (tmp_path / "out" / "figures" / "mine.png").exists()
    assert [f.name for f in tmp_path.iterdir()] == ["out"]
    assert {f.relative_to(tmp_path): f.read_bytes() for f in tmp_path.rglob("*.svg")} == content


def test_a_study_without_a_finished_trial_still_has_a_report(place: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    study = replace(Store(place).study("half")[0], name="nothing")
    store.save_study(study, plan(study))
    written = write_report(store, "nothing")
    html = written.html.read_text(encoding="utf-8")
    assert "0 of 4 finished" in html
    assert "<dt>task</dt><dd>udpos</dd>" in html  # no record, so no metric
    assert "– (0/2)" in written.summary


@pytest.fixture
def own(tmp_path: Path) -> Store:
    """A store with a study of a user's own task, whose file is gone, in 20 languages: one trial from before
    ``unknown``, one after."""
    codes = tuple("af ar bg de el es et eu fa fi fr he hi hu id it ja kk ko th".split())
    study = Study(
        name="own",
        task=str(tmp_path / "gone.py"),
        methods=(Vanilla(),),
        settings=(Setting(learning_rate=1e-3, max_steps=1),),
        seeds=(0, 1, 2),
        targets=codes,
    )
    shared: dict[str, Any] = {
        "task": "gone",
        "source": "en",
        "encoder_revision": "r",
        "training_data": "t",
        "encoder": "e",
        "data": "d",
        "targets": codes,
        "test_data": {code: f"test-{code}" for code in ("en", *codes)},
        "method": Vanilla(),
        "setting": study.settings[0],
    }
    ways = (("bf16", "last"), ("bf16", "best"), ("fp32", "last"))
    trials = [
        TrialConfig(**shared, seed=seed, precision=precision, checkpoint=checkpoint)
        for seed, (precision, checkpoint) in enumerate(ways)
    ]
    store = Store(tmp_path / "store")
    store.save_study(study, trials)
    store.save(trials[0], result_of(record(trials[0], "mcc")))
    store.save(trials[1], result_of(record(trials[1], "mcc", unknown=38.4)))
    return store


def test_a_report_needs_no_task_file_and_takes_the_metric_from_the_records(own: Store) -> None:
    results = load(own, "own")
    assert results.metric == "mcc"
    assert set(results.scores["metric"]) == {"mcc", "accuracy"}
    assert list(results.test.groupby("seed")["unknown"].max().isna()) == [True, False]
    assert results.without_collapsed().metric == "mcc"
    written = write_report(own, "own")
    text = " ".join(" ".join(Page(written.html.read_text(encoding="utf-8")).text).split())
    assert "gone.py (mcc × 100)" in text
    assert "Precision bf16, fp32." in text
    assert (
        "Scores come from the last weights and the weights with the best score on the source's dev set; nothing is "
        "selected on a" in text
    )
    assert "vocabulary lacks: af 38 %, ar 38 %" in text
    assert "20 languages" in text
    assert "test data en test-en; af test-af;" in text


def test_mistakes(place: Path, tmp_path: Path) -> None:
    store = Store(place, create=False)
    with pytest.raises(UserError, match=r"there is no 'hlaf'\. Did you mean 'half'"):
        write_report(store, "hlaf")
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"--out: .* cannot be written"):
        write_report(store, "half", tmp_path / "file" / "out")


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium")
def test_a_browser_shows_it_without_errors(place: Path, tmp_path: Path) -> None:
    html = write_report(Store(place, create=False), "half", tmp_path / "out").html
    flags = (
        "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-sync "
        "--enable-logging=stderr"
    )
    command = ["chromium", *flags.split(), f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", html.as_uri()]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert "Source and zero-shot scores" in shown.stdout
    assert not re.findall(r".*CONSOLE.*", shown.stderr)
