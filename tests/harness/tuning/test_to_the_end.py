"""A search on the real Ray that runs to its end."""

from dataclasses import replace
from pathlib import Path

import pytest

from analysis.results.from_store import load
from harness.methods import Vanilla
from harness.search import Search
from harness.store.store import Store
from harness.study import Study
from harness.tuning.journal import FINISHED, STOPPED, read
from tests.helpers.observer import Told
from tests.helpers.searches import run
from tests.helpers.studies import SPACE


@pytest.mark.usefixtures("one_worker")
@pytest.mark.slow
def test_a_search_runs_to_its_end_and_then_has_nothing_to_do(
    searched: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.tuning import ray_search

    monkeypatch.setattr(
        ray_search, "trials_at_once", lambda resources: 1
    )  # trials one after another make it reproducible
    study = replace(searched, methods=(Vanilla(),), search=Search(space=SPACE, trials=5))
    store = Store(tmp_path / "store")
    told = Told()
    out = run(study, store, observer=told)
    tried = read(store, "small")
    assert len(tried) == 5, out
    assert [one.id for one in told.over] == [one.id for one in tried]
    assert {one.status for one in tried} == {FINISHED, STOPPED}, out
    for one in tried:
        record, stopped = store.record(one.id), store.stopped(one.id)
        assert [score.rung for score in one.scores] == list(range(1, len(one.scores) + 1))
        if one.status == FINISHED:
            assert stopped is None
            assert record is not None
            assert one.dev == record.scores.dev["en"].metrics["f1"]
            assert one.scores[-1].step == 9
        else:
            assert record is None
            assert stopped is not None
            assert stopped["dev"] == one.dev
            assert one.scores[-1].rung < 3
    assert len(load(store, "small").trials) == sum(one.status == FINISHED for one in tried)
    before = (tmp_path / "store" / "studies" / "small.json").read_bytes()
    monkeypatch.setattr(ray_search, "search_on_ray", None)  # any new search would fail
    assert "0 to draw" in run(study, store)
    assert (tmp_path / "store" / "studies" / "small.json").read_bytes() == before
