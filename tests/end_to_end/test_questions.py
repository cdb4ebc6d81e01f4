"""A study of question answering by the command line, from files to the report."""

import json
from pathlib import Path

import pytest

from harness.tasks.label_counts import LabelCounts
from tests.helpers.questions import cloze_folder
from tests.helpers.report_files import call, check_page

STUDY = """\
name: questions
question: Does a pull steady the answers?
task: xquad
data: {data}
encoder: {encoder}
methods: [vanilla, {{name: l2, strength: 0.1}}]
settings: [{{learning_rate: 1e-3, max_steps: 3, warmup_steps: 1, batch_size: 4, max_length: 64}}]
seeds: [0, 1]
targets: [de]
precision: fp32
"""


def test_from_files_to_the_report(encoder: str, tmp_path: Path) -> None:
    data = cloze_folder(tmp_path / "data", train=2, test=2)
    study, store = tmp_path / "questions.yaml", tmp_path / "store"
    study.write_text(STUDY.format(data=data, encoder=encoder), encoding="utf-8")
    assert call(f"run {study} --store {store} --local --keep-weights") == 0
    assert call(f"run {study} --store {store} --local") == 0  # nothing is left to do
    records = [json.loads(file.read_text(encoding="utf-8")) for file in store.glob("trials/*/result.json")]
    assert len(records) == 4
    for record in records:
        score = record["scores"]["test"]["en"]
        assert record["collapsed"] == LabelCounts(**score["label_counts"]).collapsed
        assert record["metric"] == "f1"
        assert "majority" not in score
    assert call(f"report {study} --store {store}") == 0
    (folder,) = (store / "reports").iterdir()
    page = (folder / "report.html").read_text(encoding="utf-8")
    check_page(page)
    assert "F1 × 100" in page
    assert "Collapsed: exact match at most 2 binomial standard errors above" in " ".join(page.split())
    assert (folder / "answer.json").exists()
    assert list((folder / "tables").glob("*.tex"))


def test_an_answer_elsewhere_ends_a_run_before_it_begins(
    encoder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = cloze_folder(tmp_path / "data", train=2, test=2)
    file, study = Path(data, "xquad", "xquad.de.json"), tmp_path / "questions.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace('"answer_start": ', '"answer_start": 1'), encoding="utf-8")
    study.write_text(STUDY.format(data=data, encoder=encoder), encoding="utf-8")
    assert call(f"run {study} --store {tmp_path / 'store'} --local") == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "xquad.de.json: question 'de-0-" in said
    assert "answer_start: 1" in said
    assert "Traceback" not in said
