"""Broken tables and inputs are found, set aside and made again."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.cli.main import main
from harness.common.errors import UserError
from harness.data import tokenised
from harness.execution.plan import plan
from harness.execution.sweep import SweepOutcome
from harness.store.result import TrialResult
from harness.store.store import Store
from harness.study import Study, TrialConfig
from harness.training.trial import run_trial
from tests.helpers.store_files import file_of, files
from tests.helpers.sweeps import run, scores


def test_a_report_sets_broken_tables_aside_and_the_next_run_makes_them_again(
    study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Store(tmp_path / "store")
    assert run(study, store)[0] == SweepOutcome(2, 2, 0, 2)
    pulled = plan(study)[1].id
    history = file_of(store, "history-*.parquet", pulled)
    whole = history.read_bytes()
    history.write_bytes(whole[:100])
    assert main(["report", "small", "--store", store.place]) == 0
    out = capsys.readouterr().out
    assert (
        f"Set aside: trials/{pulled}/{history.name} is broken (its content does not match its name): it is now "
        f"{history.name}.broken-1" in out
    )
    outcome, out = run(study, store)
    assert outcome == SweepOutcome(2, 2, 0, 1)
    assert "Outdated records of the trials to run: 1. An outdated record lacks languages or files" in out
    assert history.read_bytes() == whole
    assert run(study, store)[0].ran == 0


def test_an_invalid_result_is_a_failure(one: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the trial would run again for ever."""
    store = Store(tmp_path / "store")

    def of_no_number(config: TrialConfig, **rest: Any) -> TrialResult:
        made = run_trial(config, **rest)
        return replace(made, record=replace(made.record, zero_shot=math.nan))

    monkeypatch.setattr("harness.training.trial.run_trial", of_no_number)
    outcome, out = run(one, store)
    assert outcome == SweepOutcome(1, 0, 1, 1)
    assert "cannot be kept: zero_shot is not a finite number" in out
    assert [file.name for file in files(store) if "/trials/" in str(file)] == ["failure.json"]


@pytest.mark.parametrize(
    "garbage", [b"", b'{"study"', b"{}", b'{"study": [], "trials": 1}', b'{"study": {}, "trials": [3]}']
)
def test_a_broken_study_is_rewritten(one: Study, tmp_path: Path, garbage: bytes) -> None:
    store = Store(tmp_path / "store")
    run(one, store)
    file = Path(store.root, "studies", "small.json")
    file.write_bytes(garbage)
    with pytest.raises(
        UserError, match=r"studies/small\.json in .* is not the store's; run the study again to write it anew"
    ):
        store.study("small")
    outcome, out = run(one, Store(store.place))
    assert outcome == SweepOutcome(1, 1, 0, 0)
    assert "Set aside: studies/small.json is broken (" in out
    assert file.with_name("small.json.broken-1").read_bytes() == garbage
    assert store.study("small")[0] == one
    assert store.studies() == ["small"]


def test_torn_inputs_are_set_aside_and_reported(one: Study, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    run(one, store)
    before = scores(store, one)
    arrow = next(Path(store.root, "tokenised").glob("*/rows/*.arrow"))
    broken = arrow.read_bytes()[:1000]
    arrow.unlink()  # the file is mapped
    arrow.write_bytes(broken)
    file_of(store, "result.json", plan(one)[0].id).unlink()
    tokenised.encoded.cache_clear()  # as in a new process
    outcome, out = run(one, store)
    assert outcome == SweepOutcome(1, 1, 0, 1)
    aside = arrow.parents[1].with_name(f"{arrow.parents[1].name}.broken-1")
    assert f"Set aside: tokenised/{aside.name} was broken, and is made again when needed." in out
    assert (aside / "rows" / arrow.name).read_bytes() == broken
    assert scores(store, one) == before


@pytest.mark.slow
def test_torn_weights_are_set_aside(one: Study, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    run(one, store, keep_weights=True)
    folder = file_of(store, "weights-*", plan(one)[0].id)
    (folder / "model.safetensors").write_bytes(b"torn")
    run(replace(one, targets=("de", "hi")), store)
    assert (folder.with_name(f"{folder.name}.broken-1") / "model.safetensors").read_bytes() == b"torn"
