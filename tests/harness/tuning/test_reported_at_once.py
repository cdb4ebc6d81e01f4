"""A search on the real Ray that finds trials in its store."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.execution.attempt import attempt
from harness.execution.resources import Resources
from harness.methods import Vanilla
from harness.ranges import choice
from harness.search import Search
from harness.store.store import Store
from harness.study import Study
from harness.tuning.journal import FINISHED, read
from tests.helpers.searches import base, run
from tests.helpers.stores import recorded
from tests.helpers.studies import SHORT


@pytest.mark.nightly
def test_what_the_store_has_is_reported_at_once_and_scored_in_more_languages(study: Study, tmp_path: Path) -> None:
    rate = SHORT.learning_rate
    known = replace(study, methods=(Vanilla(),), search=Search(space={"learning_rate": choice([rate])}, trials=2))
    store = Store(tmp_path / "store")
    (trial,) = base(known)
    assert not attempt(trial, store, Resources()).error
    before = store.record(trial.id)
    out = run(known, store)
    assert store.record(trial.id) == before
    (one,) = read(store, "small")
    assert (one.id, one.status, one.draws) == (trial.id, FINISHED, 2), out
    assert "0 to draw" in run(known, store)
    # With more languages, finished trials are scored in them, and nothing is drawn.
    out = run(replace(known, targets=("de", "hi", "fi")), store)
    assert "Finished trials that lack languages or a record, and are scored again: 1." in out
    assert {"de", "hi", "fi"} <= set(recorded(store, trial.id).scores.test)
    assert [(one.id, one.draws) for one in read(store, "small")] == [(trial.id, 2)]
