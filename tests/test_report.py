"""The report from a real store: complete, self-contained, and honest about what is not there."""

import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from analysis.frame import load
from analysis.report import write_report
from harness.attempt import attempt, failed
from harness.errors import UserError
from harness.methods import L2, Vanilla
from harness.plan import plan
from harness.store import Store
from harness.study import Study


class Page(HTMLParser):
    """Collects what a page refers to and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.text: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a study of four trials: two finished, one failed, one missing."""
    from tests.conftest import SHORT

    study = Study(
        name="half",
        question="<b>?",
        task="udpos",
        methods=(Vanilla(), L2(strength=0.01)),
        settings=(SHORT,),
        seeds=(0, 1),
        targets=("de", "hi"),
    )
    trials = plan(study)
    store = Store(tmp_path_factory.mktemp("report") / "store")
    store.save_study(study, trials)
    attempt(trials[0], store, 1)
    attempt(trials[2], store, 1)
    failed(trials[1], store, "RuntimeError: <script>alert(1)</script> & 5 %", "trace")
    return Path(store.root)


def test_the_report_is_one_self_contained_file_with_everything_beside_it(place: Path) -> None:
    written = write_report(Store(place, create=False), "half")
    page = Page(written.html.read_text(encoding="utf-8"))
    assert all(link.startswith(("data:", "#")) for link in page.links)
    text = " ".join(page.text)
    for heading in ("Source and zero-shot scores", "Scores per language", "Failed, missing and collapsed trials", "Cost and provenance"):
        assert heading in text
    assert "2 of 4 finished" in text
    assert "Of 4 trials, 1 failed and 1 have not run" in text
    assert "<script>alert(1)</script> & 5 %" in text  # escaped in the file: it is text, not a tag
    assert "<script>" not in written.html.read_text(encoding="utf-8")
    folder = written.html.parent
    assert sorted(f.name for f in (folder / "figures").iterdir()) == [
        f"{name}.{kind}" for name in ("distributions", "heatmap", "source-zero-shot") for kind in ("png", "svg")
    ]
    assert {f.name for f in (folder / "tables").iterdir()} == {
        f"{name}.{kind}" for name in ("summary", "languages", "troubles", "cost") for kind in ("csv", "md", "tex")
    }
    assert "(1/2)" in written.summary
    assert "2 of 4 runs are failed or missing" in written.summary


def test_the_frame_has_a_row_a_trial_language_and_metric(place: Path) -> None:
    results = load(Store(place, create=False), "half")
    assert len(results.scores) == 2 * (1 + 3) * 2  # trials × (dev + three test sets) × metrics
    assert list(results.trials["status"]) == ["finished", "failed", "finished", "missing"]
    store = Store(place, create=False)
    for row in results.test.itertuples():
        record = store.record(str(row.trial))
        assert record is not None
        assert record["scores"]["test"][row.language]["f1"] == row.score
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
    assert {f.name for f in (tmp_path / "out").iterdir()} == {"report.html", "tables", "figures", "mine.txt"}
    assert (tmp_path / "out" / "figures" / "mine.png").exists()
    assert [f.name for f in tmp_path.iterdir()] == ["out"]
    assert {f.relative_to(tmp_path): f.read_bytes() for f in tmp_path.rglob("*.svg")} == content


def test_a_study_without_a_finished_trial_still_has_a_report(place: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    study = replace(Store(place).study("half")[0], name="nothing")
    store.save_study(study, plan(study))
    written = write_report(store, "nothing")
    assert "0 of 4 finished" in written.html.read_text(encoding="utf-8")
    assert "– (0/2)" in written.summary


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
    flags = "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-sync --enable-logging=stderr"
    command = ["chromium", *flags.split(), f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", html.as_uri()]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert "Source and zero-shot scores" in shown.stdout
    assert not re.findall(r".*CONSOLE.*", shown.stderr)
