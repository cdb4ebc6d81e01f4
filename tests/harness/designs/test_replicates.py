"""Replicates: trials of their own that are no further runs."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

import search_spaces
from analysis.report import chapters
from analysis.results import from_store
from analysis.results.tidy import tidy
from analysis.results.view import View
from analysis.sections import SECTIONS, design, spread, variance
from harness.cli.main import main
from harness.common import fields
from harness.common.errors import UserError
from harness.common.hashing import digest
from harness.execution.plan import plan
from harness.study import Study, TrialConfig
from tests.helpers import synthetic
from tests.helpers.designs import CENTRE, HEAD, ids


def test_replicates_are_trials_of_their_own() -> None:
    once = replace(search_spaces.load("designs/grid"), settings=(CENTRE,), seeds=(0, 1))
    thrice = replace(once, replicates=3)
    trials = plan(thrice, gpus=0)
    assert [trial.id for trial in trials[:4]] == ids(once)
    assert len({trial.id for trial in trials}) == 12
    assert [trial.replicate for trial in trials] == [0] * 4 + [1] * 4 + [2] * 4
    same = {digest(fields.chosen(replace(t, replicate=0).setting)) + t.method.label + str(t.seed) for t in trials}
    assert len(same) == 4
    assert replace(trials[-1], replicate=0).id == trials[3].id
    assert TrialConfig.from_json(json.loads(json.dumps(trials[-1].to_json()))) == trials[-1]
    assert Study.from_json(json.loads(json.dumps(thrice.to_json()))) == thrice
    old = {name: value for name, value in trials[0].to_json().items() if name != "replicate"}
    assert TrialConfig.from_json(old) == trials[0]
    with pytest.raises(UserError, match="replicates: 0 is not allowed; give a whole number of at least 1"):
        replace(once, replicates=0)


def test_replicates_reach_the_tidy_frame(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = replace(synthetic.study(rates=2, seeds=2, languages=3), replicates=2)
    results = from_store.load(synthetic.store(tmp_path / "store", made, histories=False), made.name)
    frame = tidy(results)
    assert set(frame["replicate"]) == {0, 1}
    assert len(results.runs) == 2 * len(list(replace(made, replicates=1).runs()))
    assert results.most_replicates == 2
    assert main(["show", "designs/grid", "--store", str(tmp_path / "none")]) == 0
    assert "replicate=" not in capsys.readouterr().out
    (tmp_path / "mine.yaml").write_text(
        f"{HEAD}settings: [{{learning_rate: 1e-3, max_steps: 2}}]\nreplicates: 2\n", encoding="utf-8"
    )
    assert main(["show", str(tmp_path / "mine.yaml"), "--store", str(tmp_path / "none")]) == 0
    shown = capsys.readouterr().out
    assert shown.count("replicate=1\n") == 3
    assert shown.count("seed=0\n") == 6  # "replicate=1" is on the line below


def test_reruns_are_no_further_runs_to_the_comparisons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """But noise where the variance is taken apart: counted as runs, copies would make every interval narrow."""
    kept = (spread.section, variance.section, design.section)
    monkeypatch.setattr("analysis.report.SECTIONS", [entry for entry in SECTIONS if entry.make in kept])
    once = synthetic.study(rates=4, seeds=2, languages=3, methods=synthetic.METHODS[:2])
    twice = replace(once, replicates=2)
    one, two = (
        View(from_store.load(synthetic.store(tmp_path / str(made.replicates), made, histories=False), made.name))
        for made in (once, twice)
    )
    assert two.without_reruns().results.runs.equals(one.results.runs)
    assert one.without_reruns() is one
    told, retold = spread.section(one), {chapter.section.name: chapter.section for chapter in chapters(two)}
    assert told is not None
    assert [table.rows for table in retold["spread"].tables] == [table.rows for table in told.tables]
    assert "noise" in next(iter(retold["variance"].tables)).header
    assert any("Up to 2 runs of a method have the same setting" in str(part) for part in retold["design"].parts)
