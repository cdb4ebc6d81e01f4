"""``steadytune report --watch``: a page that follows its study to the end."""

import json
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from harness.methods import L2, Vanilla
from harness.store.store import Store
from tests.helpers import synthetic
from tests.helpers.report_files import call


def refreshing(page: Path) -> bool:
    return 'http-equiv="refresh"' in page.read_text(encoding="utf-8")


def test_watching_a_finished_study_ends_at_once(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", None)  # would fail
    assert call(f"report {made / 'good.csv'} --watch 1 --out {tmp_path / 'out'}") == 0
    assert not refreshing(tmp_path / "out" / "report.html")


def test_a_watched_report_follows_its_study_to_the_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small = replace(synthetic.study(2, methods=(Vanilla(), L2(strength=0.1)), rates=2, seeds=2), looks=2)
    place, page = tmp_path / "store", tmp_path / "out" / "report.html"
    store = synthetic.store(place, small, histories=False)
    missing = synthetic.trials(small)[5]
    assert store.record(missing.id) is None
    record = json.loads((place / "trials" / synthetic.trials(small)[4].id / "result.json").read_text(encoding="utf-8"))
    record |= {"id": missing.id, "config": missing.to_json()}
    seen: list[bool] = []

    def run() -> None:
        while not page.exists():
            time.sleep(0.05)
        seen.append(refreshing(page))
        (place / "new.json").write_text(json.dumps(record), encoding="utf-8")
        (place / "new.json").replace(place / "trials" / missing.id / "result.json")

    other = threading.Thread(target=run)
    other.start()
    code = call(f"report synthetic --store {place} --watch 1 --out {tmp_path / 'out'}")
    other.join()
    assert (code, seen) == (0, [True])
    assert not refreshing(page)
    assert "7 of 8 finished" in page.read_text(encoding="utf-8")  # one has failed
    out = capsys.readouterr().out
    assert out.count("report: ") == 2
    assert out.index("This is look 1 of 2") < out.index("This is the last of 2 looks")
    answer = json.loads((tmp_path / "out" / "answer.json").read_text(encoding="utf-8"))
    assert any("This is the last of 2 looks: a claim needs p ≤ " in sentence for sentence in answer["sentences"])
    assert not [file for file in tmp_path.iterdir() if file.name.startswith(".report-")]
    assert Store(place, create=False).record(missing.id) is not None
