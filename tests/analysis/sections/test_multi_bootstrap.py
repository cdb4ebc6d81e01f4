"""The multi-bootstrap in the section on means, from real predictions."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analysis.results.from_store import load
from analysis.results.merge import side_by_side
from analysis.results.view import View
from analysis.sections import means
from harness.execution.attempt import attempt
from harness.execution.plan import plan
from harness.execution.resources import Resources
from harness.methods import L2, Vanilla
from harness.store.store import Store
from harness.study import Study
from tests.helpers.report_rows import cells, clean, plain, table_of, words
from tests.helpers.studies import SHORT


@pytest.fixture(scope="module")
def real(cut: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with two methods × two seeds of real fine-tuning."""

    short = replace(SHORT, learning_rate=3e-3)
    study = Study(
        name="real",
        task="udpos",
        encoder=str(cut / "encoder"),
        data=str(cut),
        methods=(Vanilla(), L2(strength=100.0)),
        settings=(short,),
        seeds=(0, 1),
        targets=("de", "hi"),
    )
    place: Path = tmp_path_factory.mktemp("sections") / "store"
    store = Store(place)
    trials = plan(study)
    store.save_study(study, trials)
    for trial in trials:
        attempt(trial, store, Resources())
    return place


def opened(place: Path) -> View:
    store = Store(place, create=False)
    return View(load(store, "real"), 1, store)


def test_the_multi_bootstrap_starts_from_the_stored_scores(real: Path) -> None:
    store, seen = Store(real, create=False), opened(real)
    found: dict[tuple[str, int, str], float] = {}
    for trial in plan(store.study("real")[0]):
        record = store.record(trial.id)
        assert record is not None
        for code in ("de", "hi"):
            found[trial.method.label, trial.seed, code] = record.scores.test[code].metrics["f1"]
    difference = {
        code: np.mean([found["l2(strength=100)", seed, code] - found["vanilla", seed, code] for seed in (0, 1)])
        for code in ("de", "hi")
    }
    assert all(difference.values())  # equal zeros would show nothing
    section = means.section(seen)
    table = table_of(section, "means-languages")
    for code, expected in difference.items():
        assert cells(table, code)["l2(strength=100)"].value == pytest.approx(expected, abs=1e-9)
    row = cells(table_of(section, "means"), "l2(strength=100)")
    assert row["over examples too"].value == pytest.approx(np.mean([*difference.values()]), abs=1e-9)
    assert row["over all runs"].value == pytest.approx(np.mean([*difference.values()]), abs=1e-9)
    interval = row["over examples too"]
    assert interval.low <= interval.value <= interval.high
    assert plain(row["p, bootstrap"]) == "–"
    for name in ("means", "means-languages"):
        assert any("With fewer than 20 runs" in note for note in table_of(section, name).notes)
    assert "With fewer than 20 runs there is no bootstrap p: it would be small too often." in " ".join(
        table_of(section, "means").notes
    )
    clean(section)


def test_two_stores_side_by_side_have_the_multi_bootstrap_of_both(real: Path, tmp_path: Path) -> None:
    """Each side's predictions are read from its own store: the other store's l2 counts with its own scores."""
    shutil.copytree(real, tmp_path / "store")
    one, other = opened(real), opened(tmp_path / "store")
    store = Store(tmp_path / "store", create=False)
    trials = other.results.trials
    for _, seed in trials.groupby("seed"):  # the other store's methods swap names
        other.results.trials.loc[seed.index, "method"] = seed["method"].to_numpy()[::-1]
    names = dict(zip(trials["trial"], other.results.trials["method"], strict=True))
    scores = other.results.scores.assign(method=other.results.scores["trial"].map(names))
    swapped = View(replace(other.results, trials=other.results.trials, scores=scores), 1, store)
    both = side_by_side("one", one, "two", swapped)
    apart = means.section(one)
    section = means.section(both)
    for code in ("de", "hi"):
        expected = cells(table_of(apart, "means-languages"), code)["l2(strength=100)"].value
        row = cells(table_of(section, "means-languages"), code)
        assert row["two: vanilla"].value == pytest.approx(expected)
        assert row["two: l2(strength=100)"].value == pytest.approx(-expected)
    assert "no multi-bootstrap" not in words(section)
    with_file = side_by_side("one", one, "two", replace(swapped, store=None))
    assert "There is no multi-bootstrap because some results are not from a store" in words(means.section(with_file))


def test_methods_without_a_common_run_have_their_own_reason(real: Path) -> None:
    seen = opened(real)
    later = seen.results.trials["method"] != "vanilla"
    trials = seen.results.trials.assign(
        seed=seen.results.trials["seed"].where(~later, seen.results.trials["seed"] + 50)
    )
    scores = seen.results.scores.merge(trials[["trial", "seed"]], on="trial", suffixes=("_before", ""))
    apart = View(replace(seen.results, trials=trials, scores=scores.drop(columns="seed_before")), 1, seen.store)
    why = "There is no multi-bootstrap for l2(strength=100): it shares no setting and seed with vanilla."
    assert why in words(means.section(apart))


def test_without_predictions_there_is_a_reason(real: Path, tmp_path: Path) -> None:
    shutil.copytree(real, tmp_path / "store")
    next(iter(sorted((tmp_path / "store").glob("trials/*/predictions-*.parquet")))).unlink()
    seen = opened(tmp_path / "store")
    section = means.section(seen)
    why = (
        "There is no multi-bootstrap for l2(strength=100): predictions of some of its runs, or the baseline's, are not "
        "in the store."
    )
    assert why in words(section)
    assert [table.name for table in section.tables] == ["means"]  # type: ignore[union-attr]
    assert "over examples too" not in table_of(section, "means").header
    clean(section)
