"""A search: what it takes, what it remembers, what its sampler and rungs are told, and what it leaves; at the end on the real Ray."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

import search_spaces
from analysis.report import chapters
from analysis.sections import search as section
from analysis.sections import troubles
from analysis.stored import load
from analysis.table import Table
from analysis.view import View
from harness import cli, searching
from harness.attempt import attempt
from harness.errors import UserError
from harness.methods import Ewc, Vanilla
from harness.plan import plan
from harness.ranges import choice, loguniform, quniform, randint, uniform
from harness.resources import Resources
from harness.rungs import Stopped
from harness.search import Search
from harness.store import Store
from harness.study import Setting, Study, TrialConfig
from harness.trial import run_trial
from harness.tried import FAILED, FINISHED, RUNNING, STOPPED, Journal, Rung, Tried, read, winner
from tests.conftest import SHORT

SPACE = {"learning_rate": loguniform(1e-4, 1e-2), "warmup_steps": randint(0, 4)}
LONG = replace(SHORT, max_steps=9)


@pytest.fixture
def searched(study: Study) -> Study:
    """The small study with a search of six trials of each method."""
    return replace(study, settings=(LONG,), search=Search(space=SPACE, trials=6))


# What a search takes


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"trials": 3}, r"space: \{\} is not allowed; give ranges of at least one hyperparameter"),
        ({"space": {}, "trials": 3}, r"space: \{\} is not allowed"),
        ({"space": [], "trials": 3}, r"space: \[\] is not allowed"),
        ({"learning_rte": {"loguniform": [1e-4, 1e-2]}, "trials": 3}, "there is no 'learning_rte'. Did you mean 'learning_rate'"),
        ({"space": {"learning_rte": {"loguniform": [1e-4, 1e-2]}}, "trials": 3}, "Did you mean 'learning_rate'"),
        ({"learning_rate": {"loguniform": [1e-4, 1e-2]}}, "the field 'trials' is missing"),
        ({"learning_rate": {"loguniform": [1e-4, 1e-2]}, "trials": 0}, "trials: 0 is not allowed; give a finite number of at least 1"),
        ({"learning_rate": {"loguniform": [1e-4, 1e-2]}, "trials": 3, "reduction": 1}, "reduction: 1 is not allowed"),
        ({"learning_rate": {"loguniform": [1e-4, 1e-2]}, "trials": 3, "rungs": 0}, "rungs: 0 is not allowed"),
        ({"learning_rate": {"loguniform": [1e-4, 1e-2]}, "trials": 10**9}, "trials: 1000000000 is not allowed; give a number of at most"),
        ({"learning_rate": {"loguniform": [1e-4, 1e-2]}, "trials": 3, "reduction": 10**6}, "reduction: 1000000 is not allowed; give a"),
        ({"learning_rate": {"loguniform": [1e-4, 1e-2]}, "trials": 3, "rungs": 10**6}, "rungs: 1000000 is not allowed; give a number of"),
        ({"weight_decay": {"uniform": [-1e308, 1e308]}, "trials": 3}, "weight_decay: uniform: lower: -1e[+]308 is not allowed"),
        ({"learning_rate": {"loguniform": [1e-4, 1e-2]}, "trials": 3, "seed": -1}, "seed: -1 is not allowed"),
        ({"learning_rate": {"loguniform": [1e-2, 1e-4]}, "trials": 3}, "learning_rate: loguniform: upper: 0.0001 is not allowed"),
        ({"learning_rate": {"loguniform": [0, 1e-4]}, "trials": 3}, "learning_rate: loguniform: lower: 0.0 is not allowed"),
        ({"learning_rate": {"choice": []}, "trials": 3}, "learning_rate: choice"),
        ({"learning_rate": [1e-3, 1e-4], "trials": 3}, "learning_rate: .* give a range"),
        ({"learning_rate": 1e-3, "trials": 3}, "learning_rate: 0.001 is not allowed; give a range"),
        ({"batch_size": {"qlograndint": [8, 32, 8]}, "trials": 3}, "a logarithmic range without q"),
        ({"warmup_steps": {"uniform": [0, 5]}, "trials": 3}, "warmup_steps: .* give a range of whole numbers"),
        ({"epochs": {"uniform": [1, 5]}, "max_steps": {"randint": [1, 5]}, "trials": 3}, "are not allowed together"),
        ({"space": {"warmup_steps": {"randint": [0, 5]}}, "learning_rate": 1, "trials": 3}, "learning_rate stand beside 'space'"),
        (7, "search: 7 is not allowed; give a mapping"),
    ],
)
def test_what_cannot_be_searched_is_refused_with_one_line(values: object, message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        Search.from_json(values)
    assert "\n" not in str(error.value)


def test_yaml_has_the_ranges_beside_the_rest_or_under_space(searched: Study) -> None:
    ranges = "learning_rate: {loguniform: [1e-4, 1e-2]}, warmup_steps: {randint: [0, 4]}"
    for text in (f"{{{ranges}, trials: 6}}", f"{{space: {{{ranges}}}, trials: 6}}"):
        assert Study.from_json({**searched.to_json(), "search": yaml.safe_load(text)}) == searched
    assert Study.from_json(json.loads(json.dumps(searched.to_json()))) == searched
    everything = {"learning_rate": quniform(0.1, 0.5, 0.1), "schedule": choice(["linear", "cosine"]), **SPACE}
    other = replace(searched, search=Search(space=everything, trials=2, seed=5, reduction=2, rungs=4))
    assert Study.from_json(json.loads(json.dumps(other.to_json()))) == other
    assert "search" not in replace(searched, search=None).to_json()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"settings": (SHORT, LONG)}, "settings: '2 settings' is not allowed; give one"),
        ({"replicates": 2}, "replicates: 2 is not allowed"),
        ({"search": Search(space=SPACE, trials=60_000)}, "search: trials: 120000 is not allowed; give at most 100000 over all methods"),
        ({"methods": (Ewc(strength=1.0),)}, r"ewc.* has a model for each of 2 target languages.*give it one language"),
        ({"search": Search(space={"learning_rate": uniform(0.0, 1.0)}, trials=1)}, "learning_rate: 0.0 is not allowed"),
        ({"search": Search(space={"accumulation": choice([1, 3])}, trials=1)}, "accumulation: 3 is not allowed; give a divisor"),
        ({"search": Search(space={"accumulation": randint(1, 5)}, trials=1)}, "accumulation: 3 is not allowed; give a divisor"),
        ({"search": Search(space={"schedule": choice(["linear", "cosin"])}, trials=1)}, "Did you mean 'cosine'"),
    ],
)
def test_a_study_that_cannot_be_searched_is_refused(searched: Study, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        replace(searched, **changes)


def test_ewc_for_one_language_can_be_searched(searched: Study) -> None:
    assert replace(searched, methods=(Ewc(strength=1.0, languages=("de",)),)).search is not None


# Points and settings


def test_a_drawn_value_is_rounded_as_designs_round_and_has_a_point_of_its_own() -> None:
    search = Search(space={**SPACE, "schedule": choice(["linear", "cosine"])}, trials=1)
    made = search.setting(LONG, {"learning_rate": 0.0012345678912345, "warmup_steps": 3, "schedule": "cosine"})
    assert made == replace(LONG, learning_rate=0.00123457, warmup_steps=3, schedule="cosine")
    assert search.point(LONG, made) == {"learning_rate": 0.00123457, "warmup_steps": 3, "schedule": "cosine"}
    assert search.setting(LONG, search.point(LONG, made) or {}) == made
    assert search.setting(LONG, {"learning_rate": 9.9999999e-3}).learning_rate == 0.01  # still within the bounds


@pytest.mark.parametrize(
    "other",
    [
        replace(LONG, learning_rate=2e-2),
        replace(LONG, warmup_steps=4),  # randint's upper bound is never drawn
        replace(LONG, batch_size=8),
        replace(LONG, max_steps=None, epochs=1.0),
    ],
)
def test_a_setting_outside_the_space_has_no_point(other: Setting) -> None:
    assert Search(space=SPACE, trials=1).point(LONG, other) is None


def test_steps_and_choices_written_as_text_find_their_points() -> None:
    search = Search(space={"epochs": choice([1, 2]), "learning_rate": choice(["1e-4", "1e-3"])}, trials=1)
    made = search.setting(LONG, {"epochs": 2, "learning_rate": "1e-4"})
    assert (made.epochs, made.max_steps, made.learning_rate) == (2.0, None, 1e-4)
    assert search.point(LONG, made) == {"epochs": 2, "learning_rate": "1e-4"}
    steps = Search(space={"max_steps": randint(5, 10)}, trials=1)
    assert steps.point(LONG, LONG) == {"max_steps": 9}
    assert steps.point(LONG, replace(LONG, max_steps=None, epochs=1.0)) is None
    grid = Search(space={"weight_decay": quniform(0.0, 0.5, 0.1)}, trials=1)
    assert grid.point(LONG, replace(LONG, weight_decay=0.3)) == {"weight_decay": 0.3}
    assert grid.point(LONG, replace(LONG, weight_decay=0.35)) is None


@pytest.mark.parametrize(
    ("total", "rungs", "reduction", "steps"),
    [
        (60, 3, 3, {7: 1, 20: 2, 60: 3}),
        (60, 1, 3, {60: 1}),
        (8, 4, 2, {1: 1, 2: 2, 4: 3, 8: 4}),
        (2, 3, 3, {1: 2, 2: 3}),  # two rungs at one step are the later one
    ],
)
def test_rungs_are_shares_of_the_steps(total: int, rungs: int, reduction: int, steps: dict[int, int]) -> None:
    assert Search(space=SPACE, trials=1, rungs=rungs, reduction=reduction).steps(total) == steps


# Memory


def base(study: Study) -> list[TrialConfig]:
    return searching.bases(study, Resources())


def journal(study: Study, store: Store, **resume: bool) -> Journal:
    made = Journal(study, base(study), store)
    made.resume(**resume)
    return made


def config(of: Journal, rate: float, method: str = "vanilla") -> TrialConfig:
    trial = of.bases[method]
    return replace(trial, setting=replace(trial.setting, learning_rate=rate))


def finish(store: Store, trial: TrialConfig, dev: float, **scores: float) -> None:
    """A record as a trial leaves it, as far as a search and a report look at it."""
    found = {language: scores.get(language, dev) for language in trial.test_data}
    tests = {
        language: {"f1": score, "accuracy": score, "majority": 1.0, "examples": 9, "fingerprint": trial.test_data[language]}
        for language, score in found.items()
    }
    cost = {"seconds": 3.0, "steps": 9, "tokens_per_second": 1.0, "peak_memory_mib": {"resident": 1.0}}
    record = {
        "id": trial.id, "config": trial.to_json(), "metric": "f1", "zero_shot": 0.0, "collapsed": False, "diverged": False, "cost": cost,
        "scores": {"dev": {trial.source: {**tests[trial.source], "f1": dev}}, "test": tests},
        "predictions": "predictions-none.parquet", "history": "history-none.parquet",
        "provenance": {"git": None, "python": "3", "platform": "-", "device": "-", "threads": 1, "packages": {}},
    }  # fmt: skip
    folder = Path(store.root) / "trials" / trial.id
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "result.json").write_text(json.dumps(record), encoding="utf-8")


def filled(study: Study, store: Store) -> Journal:
    """A search that was killed: of vanilla two finished, one seen no more; one stopped, one failed and one just running."""
    made = journal(study, store)
    for rate, way in ((0.001, [20.0, 30.0]), (0.002, [10.0]), (0.003, []), (0.004, [25.0, 35.0]), (0.005, [15.0])):
        trial = config(made, rate)
        made.begun(trial)
        for rung, dev in enumerate(way, start=1):
            made.scored(trial, Rung(rung, rung, dev))
    finish(store, config(made, 0.001), 50.0, en=51.0, de=40.0, hi=20.0)
    made.scored(config(made, 0.001), Rung(3, 9, 50.0))
    made.ended(config(made, 0.001), FINISHED, 3.0)
    made.ended(config(made, 0.002), STOPPED, 1.0)
    store.save_failure(config(made, 0.003), "out of luck", "")
    made.ended(config(made, 0.003), FAILED, 0.0)
    finish(store, config(made, 0.004), 48.0, en=47.0, de=44.0, hi=36.0)  # and the driver is killed before it hears of it
    return made


def test_what_had_ended_is_known_and_counted(searched: Study, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    filled(searched, store)
    made = journal(searched, store)
    assert [(one.setting.learning_rate, one.status, one.dev) for one in made.of("vanilla")] == [
        (0.001, FINISHED, 50.0),
        (0.002, STOPPED, 10.0),
        (0.003, FAILED, None),
        (0.004, FINISHED, 48.0),
    ]
    assert made.of("vanilla")[3].scores == (Rung(1, 1, 25.0), Rung(2, 2, 35.0), Rung(3, 9, 48.0))
    assert (made.left("vanilla"), made.left("l2(strength=0.01)")) == (2, 6)
    assert journal(searched, store, retry_failed=True).left("vanilla") == 3
    points, rewards = made.points("vanilla")
    assert [point["learning_rate"] for point in points] == [0.001, 0.002, 0.004]
    assert rewards == [50.0, 10.0, 48.0]
    assert made.points("l2(strength=0.01)") == ([], [])
    assert made.outdated == []


def test_a_longer_search_keeps_what_the_shorter_one_tried_and_a_smaller_space_what_lies_in_it(searched: Study, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    filled(searched, store)
    assert searched.search is not None
    assert journal(replace(searched, search=replace(searched.search, trials=20)), store).left("vanilla") == 16
    before = journal(searched, store).of("vanilla")
    narrow = replace(searched.search, space={**SPACE, "learning_rate": loguniform(1e-4, 2.5e-3)})
    made = journal(replace(searched, search=narrow), store)
    assert [one.setting.learning_rate for one in made.of("vanilla")] == [0.001, 0.002]
    assert len(made.others) == 3
    made.save()
    assert len(read(store, searched.name)) == 2
    back = journal(searched, store)  # what lay outside has been kept
    assert {one.id: one.status for one in back.of("vanilla")} == {one.id: one.status for one in before}
    assert back.others == []
    elsewhere = journal(replace(searched, settings=(replace(LONG, batch_size=8),)), store)
    assert elsewhere.of("vanilla") == []


def test_other_rungs_forget_who_was_stopped_and_keep_who_finished(searched: Study, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    filled(searched, store)
    assert searched.search is not None
    made = journal(replace(searched, search=replace(searched.search, rungs=2)), store)
    assert [(one.status, one.scores) for one in made.of("vanilla")] == [
        (FINISHED, (Rung(2, 9, 50.0),)),
        (FINISHED, (Rung(2, 9, 48.0),)),
    ]


def test_a_finished_trial_that_lacks_a_language_is_known_and_to_be_scored_again(searched: Study, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    filled(searched, store)
    made = journal(replace(searched, targets=("de", "hi", "fi")), store)
    assert [trial.setting.learning_rate for trial in made.outdated] == [0.001]
    assert made.points("vanilla")[1] == [50.0, 10.0]  # 0.004 had not been seen to end, and its record is not what is asked for


def test_a_setting_drawn_twice_counts_twice_and_a_finished_trial_stays_finished(searched: Study, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    made = filled(searched, store)
    again = config(made, 0.001)
    made.begun(again)
    made.scored(again, Rung(3, 9, 50.0))
    assert made.ended(again, FINISHED, 0.1).draws == 2
    found = journal(searched, store)
    assert found.left("vanilla") == 1
    assert [one.scores[0].dev for one in found.of("vanilla") if one.draws == 2] == [20.0]


def test_entries_that_cannot_be_read_are_passed_over(searched: Study, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    filled(searched, store)
    file = tmp_path / "store" / "studies" / "small.json"
    content = json.loads(file.read_text())
    del content["search"][0]["setting"]
    content["search"][1]["scores"] = 7
    file.write_text(json.dumps(content))
    assert len(read(store, "small")) == 3
    file.write_text("{torn")
    assert read(store, "small") == []


def test_the_winner_is_the_best_finished_one_by_dev_alone(searched: Study, tmp_path: Path) -> None:
    def tried(rate: float, status: str, dev: float, method: str = "vanilla") -> Tried:
        setting = replace(LONG, learning_rate=rate)
        return Tried(id=str(rate), method=method, setting=setting, status=status, scores=(Rung(3, 9, dev),), rules=(3, 3))

    found = [tried(1, FINISHED, 50.0), tried(2, STOPPED, 70.0), tried(3, FINISHED, 60.0), tried(4, FINISHED, 60.0)]
    best = winner([*found, tried(5, FINISHED, 80.0, "l2")], "vanilla")
    assert best is not None
    assert best.id == "3"
    assert winner(found[1:2], "vanilla") is None


# Sampler and rungs


def test_the_sampler_is_given_what_is_known(searched: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from harness import search_on_ray

    store = Store(tmp_path / "store")
    filled(searched, store)
    made = journal(searched, store)
    told = search_on_ray.sampler(made, "vanilla")
    trials = told._ot_study.trials
    assert [(trial.params["learning_rate"], trial.value) for trial in trials] == [(0.001, 50.0), (0.002, 10.0), (0.004, 48.0)]
    fresh = search_on_ray.sampler(made, "l2(strength=0.01)")
    assert fresh._ot_study.trials == []
    first, second = (one.suggest("a") for one in (told, fresh))
    assert first != second  # seeded alike the sampler would draw again what it drew at the start
    assert search_on_ray.sampler(made, "vanilla").suggest("a") == first


def test_in_the_place_of_failed_trials_others_are_drawn_each_time(searched: Study, tmp_path: Path) -> None:
    from harness import search_on_ray

    store, drawn = Store(tmp_path / "store"), []
    assert searched.search is not None
    for retry_failed, trials in ((False, 2), (True, 2), (True, 2), (False, 4)):  # at last more trials, with the failed ones left alone
        more = replace(searched, search=replace(searched.search, trials=trials))
        made = journal(more, store, retry_failed=retry_failed)
        assert made.left("vanilla") == 2
        assert made.others == []
        sampler = search_on_ray.sampler(made, "vanilla")
        for number in range(made.left("vanilla")):
            point = sampler.suggest(str(number))
            drawn.append(point["learning_rate"])
            trial = replace(made.bases["vanilla"], setting=made.search.setting(LONG, point))
            made.begun(trial)
            store.save_failure(trial, "out of luck", "")
            made.ended(trial, FAILED, 0.0)
            sampler.on_trial_complete(str(number), error=True)
    assert len(set(drawn)) == len(drawn) == 8
    assert len(read(store, "small")) == 4  # those that others took the place of are shown nowhere
    assert len(load(store, "small").trials) == 4


def test_a_failed_trial_is_no_score_to_the_sampler(searched: Study, tmp_path: Path) -> None:
    from harness import search_on_ray

    made = search_on_ray.sampler(journal(searched, Store(tmp_path / "store")), "vanilla")
    for name, error in (("a", ""), ("b", "out of luck")):
        made.suggest(name)
        made.on_trial_complete(name, {"dev": 3.0, "training_iteration": 1, "error": error})
    assert [(trial.state.name, trial.value) for trial in made._ot_study.trials] == [("COMPLETE", 3.0), ("FAIL", None)]


def test_the_rungs_are_filled_with_known_scores(searched: Study, tmp_path: Path) -> None:
    from types import SimpleNamespace

    from harness import search_on_ray

    store = Store(tmp_path / "store")
    filled(searched, store)
    made = journal(searched, store)

    def decision(asha: Any, rung: int, dev: float) -> str:
        trial = SimpleNamespace(trial_id=f"new-{rung}-{dev}")
        asha.on_trial_add(None, trial)
        return str(asha.on_trial_result(None, trial, {"resource": 3 ** (rung - 1), "dev": dev}))

    def scheduler(known: list[Tried]) -> Any:
        return search_on_ray.scheduler(made.search, known)

    known = made.of("vanilla")
    # Rung 1 has 20, 10 and 25: the best third are those from 21.67 on.
    assert decision(scheduler(known), 1, 21.0) == "STOP"
    assert decision(scheduler(known), 1, 22.0) == "CONTINUE"
    assert decision(scheduler([]), 1, 1.0) == "CONTINUE"  # nobody to compare with
    assert decision(scheduler(known), 2, 33.0) == "STOP"  # of 30 and 35
    assert decision(scheduler(known), 2, 33.5) == "CONTINUE"


# One trial


class Told:
    """Rungs of two thirds of the way that are written down."""

    def __init__(self, last: int = 99) -> None:
        self.last = last
        self.scores: list[tuple[int, int, float]] = []

    def steps(self, total: int) -> dict[int, int]:
        return {1: 1, 2: 2, total: 3}

    def score(self, rung: int, step: int, dev: float) -> None:
        self.scores.append((rung, step, dev))
        if rung >= self.last:
            raise Stopped


def test_scores_on_the_way_change_nothing(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    told = Told()
    followed = run_trial(trial(), cache=tmp_path, rungs=told).record
    alone = run_trial(trial(), cache=tmp_path).record
    assert followed["scores"] == alone["scores"]
    assert [(rung, step) for rung, step, _ in told.scores] == [(1, 1), (2, 2)]
    shorter = run_trial(trial(setting=replace(SHORT, max_steps=2, schedule="constant")), cache=tmp_path).record
    longer = Told()
    run_trial(trial(setting=replace(SHORT, schedule="constant")), cache=tmp_path, rungs=longer)
    assert longer.scores[1][2] == shorter["scores"]["dev"]["en"]["f1"]


def test_a_stopped_trial_leaves_nothing_and_is_no_failure(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    store, told = Store(tmp_path / "store"), Told(last=1)
    with pytest.raises(Stopped):
        attempt(trial(), store, 1, rungs=told)
    assert len(told.scores) == 1
    assert store.record(trial().id) is None
    assert store.failure(trial().id) is None
    store.save_stopped(trial(), {"rung": 1})
    stopped = store.stopped(trial().id)
    assert stopped is not None
    assert (stopped["rung"], TrialConfig.from_json(stopped["config"])) == (1, trial())
    standing = store.standing([trial()])
    assert not standing.finished
    assert not standing.failures
    assert not attempt(trial(), store, 1).error  # an ordinary study trains it to the end
    assert store.stopped(trial().id) is None
    assert store.record(trial().id) is not None


# The report


def cells(table: Table) -> list[list[str]]:
    return [[cell if isinstance(cell, str) else cell.plain() for cell in row] for row in table.rows]


def test_the_report_shows_winners_and_the_diagnostic(searched: Study, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    filled(searched, store)
    made = journal(searched, store)
    made.save()
    view = View(load(store, "small"), 1, store)
    assert cells(section.winners(view)) == [
        ["vanilla", "learning_rate=0.001", "50.00", "51.00", "30.00", "2", "1", "1"],
        ["l2(strength=0.01)", "–", "–", "–", "–", "0", "0", "0"],
    ]
    assert cells(section.on_targets(view)) == [
        ["vanilla", "30.00", "40.00", "+10.00", "learning_rate=0.004", "2"],
        ["l2(strength=0.01)", "–", "–", "–", "–", "–"],
    ]
    # The stopped one is neither failed nor missing; the failed one is not dropped.
    assert sorted(view.results.trials["status"]) == ["failed", "finished", "finished"]
    assert section.searched(view) == [
        "Looked for learning rate loguniform(0.0001, 0.01), warmup steps randint(0, 4): 6 trials of each method, drawn by TPE (sampler's "
        "seed 0), scored on en dev at 3 rungs, at each but the last of which the best 1/3 went on (ASHA)."
    ]
    names = [chapter.section.name for chapter in chapters(view)]
    assert names[0] == "search"
    assert "spread" not in names  # what a sampler took to be good says nothing of how scores spread
    lines = section.figure(view.results, section.tried_in(view)).axes[0].lines
    assert list(lines[0].get_ydata()) == [50.0, 50.0, 50.0]


def test_without_a_search_nothing_changes(study: Study, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    trials = plan(study)
    for trial in trials:
        finish(store, trial, 40.0)
    store.save_study(study, trials)
    assert "search" not in json.loads((tmp_path / "store" / "studies" / "small.json").read_text())
    view = View(load(store, "small"), 1, store)
    assert section.section(view) is None
    assert chapters(view)[0].section.name == "answer"
    assert section.section(View(view.results)) is None


def test_a_search_of_which_nothing_has_ended_has_no_report(searched: Study, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    journal(searched, store).save()
    with pytest.raises(UserError, match=r"no trial of 'small' in .* has ended yet"):
        load(store, "small")


# Winners as a study


def test_the_winners_are_a_study_over_seeds_that_has_the_searched_trial(searched: Study, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    over = replace(searched, seeds=(0, 1, 2))
    made = filled(over, store)
    with pytest.raises(UserError, match=r"--write: no trial of l2\(strength=0.01\) has finished"):
        searching.winners_study(over, made)
    best = config(made, 0.007, "l2(strength=0.01)")
    made.begun(best)
    finish(store, best, 60.0)
    made.scored(best, Rung(3, 9, 60.0))
    made.ended(best, FINISHED, 1.0)
    file = tmp_path / "won.yaml"
    searching.write(searching.winners_study(over, made), file)
    won = search_spaces.load(str(file))
    assert won.search is None
    assert [(arm.method.label, arm.settings[0].learning_rate, arm.seeds) for arm in won.arms] == [
        ("vanilla", 0.001, (0, 1, 2)),
        ("l2(strength=0.01)", 0.007, (0, 1, 2)),
    ]
    assert {config(made, 0.001).id, best.id} <= {trial.id for trial in plan(won)}
    assert len(plan(won)) == 6
    searching.check_writable(over, file)  # what it wrote it may replace
    with pytest.raises(UserError, match="a new file"):
        searching.check_writable(replace(over, name="other"), file)


def test_a_study_of_its_name_leaves_what_a_search_tried_and_is_reported_as_a_study(searched: Study, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    made = filled(searched, store)
    made.save()
    alone = replace(searched, search=None)
    store.save_study(alone, plan(alone))
    view = View(load(store, "small"), 1, store)
    assert section.section(view) is None
    assert "stopped" not in str(troubles.section(view).parts)

    assert len(journal(searched, store).of("vanilla")) == 4


# The command


STUDY = """
question: "?"
task: udpos
data: {data}
methods: [vanilla]
settings: [{{learning_rate: 1e-3, max_steps: 9, batch_size: 4}}]
seeds: [0]
targets: [de]
"""
SEARCH = "search: {{learning_rate: {{loguniform: [1e-4, 1e-2]}}, warmup_steps: {{randint: [0, 4]}}, trials: {trials}}}\n"


@pytest.fixture
def file(cut: Path, tmp_path: Path) -> Path:
    made = tmp_path / "tuned.yaml"
    made.write_text(STUDY.format(data=cut) + SEARCH.format(trials=4), encoding="utf-8")
    return made


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "{file}"], "tuned is a search; use 'steadytune search {file}'"),
        (["search", "quickstart"], "quickstart has no 'search'"),
        (["search", "{file}", "--trials", "0"], "trials: 0 is not allowed"),
        (["search", "{file}", "--set", "learning_rate=1e-3"], "--set: learning_rate is what the search looks for"),
        (["search", "{file}", "--set", "train_examples=99999"], "train_examples: 99999 is not allowed"),
        (["search", "{file}", "--set", "max_length=99999"], "max_length: 99999 is not allowed"),
        (["search", "{file}", "--write", "won.txt"], "--write: 'won.txt' is not allowed; give a .yaml file"),
        (["search", "{file}", "--write", "no/such/folder/won.yaml"], "in a folder that exists"),
        (["search", "{file}", "--write", "{file}"], "a new file, or one with the winners of tuned: this one has something else"),
        (["search", "{file}", "--write", "{sub}/../tuned.yaml"], "a new file, or one with the winners of tuned"),
        (["search", "{file}", "--write", "{other}"], "a new file, or one with the winners of tuned"),
        (["search", "{long}"], "is not allowed; give at most 92 characters: its winners are a study of that name and '-winners'"),
        (["search", "{file}", "--set", "data={nodev}"], "dev-en"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(
    file: Path, tmp_path: Path, data_folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    (data_folder / "udpos" / "dev-en.tsv").unlink()
    other, long = tmp_path / "other.yaml", tmp_path / f"{'l' * 93}.yaml"
    other.write_text("name: other-winners\nquestion: a day's work", encoding="utf-8")
    long.write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    words = {"file": str(file), "nodev": str(data_folder), "sub": str(data_folder), "other": str(other), "long": str(long)}
    before = {place: place.read_bytes() for place in tmp_path.iterdir() if place.is_file()}
    store = tmp_path / "store"
    assert cli.main([*(argument.format(**words) for argument in arguments), "--store", str(store)]) == 2
    error = capsys.readouterr().err
    assert message.format(**words) in error
    assert error.count("\n") == 1
    assert not store.exists()
    assert {place: place.read_bytes() for place in before} == before


def test_a_search_is_advised_to_do_what_it_can(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["search", str(file), "--set", "max_steps=1", "--dry-run", "--ray-address", "auto", "--store", str(tmp_path / "store")]
    assert cli.main(command) == 0
    out = capsys.readouterr().out
    assert "does not end in 1: the learning rate stays below its value; give the search a shorter range of warmup_steps" in out
    assert "--set warmup_steps" not in out


def test_show_lists_what_was_tried(searched: Study, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = Store(tmp_path / "store")
    filled(replace(searched, name="tuned"), store)
    assert cli.main(["show", str(file), "--store", store.place]) == 0
    out = capsys.readouterr().out
    assert "loguniform(0.0001, 0.01)" in out
    assert "after 1/9, 1/3, all of the steps" in out
    assert "5 tried" in out
    assert "stopped   vanilla  learning_rate=0.002  warmup_steps=1  dev 10.00 at step 1" in out


# On Ray


def run(study: Study, store: Store, **options: bool) -> str:
    out = io.StringIO()
    trials = searching.bases(study, Resources())
    searching.search(study, trials, store, Resources(), Console(file=out, width=250), **options)
    return out.getvalue()


@pytest.mark.slow
def test_a_search_runs_to_its_end_and_then_has_nothing_to_do(searched: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from harness import search_on_ray

    monkeypatch.setattr(search_on_ray, "_at_once", lambda cpus, gpus: 1)  # one after another it is the same every time
    study = replace(searched, methods=(Vanilla(),), search=Search(space=SPACE, trials=5))
    store = Store(tmp_path / "store")
    out = run(study, store)
    tried = read(store, "small")
    assert len(tried) == 5, out
    assert {one.status for one in tried} == {FINISHED, STOPPED}, out
    for one in tried:
        record, stopped = store.record(one.id), store.stopped(one.id)
        assert [score.rung for score in one.scores] == list(range(1, len(one.scores) + 1))
        if one.status == FINISHED:
            assert stopped is None
            assert record is not None
            assert one.dev == record["scores"]["dev"]["en"]["f1"]
            assert one.scores[-1].step == 9
        else:
            assert record is None
            assert stopped is not None
            assert stopped["dev"] == one.dev
            assert one.scores[-1].rung < 3
    assert len(load(store, "small").trials) == sum(one.status == FINISHED for one in tried)
    before = (tmp_path / "store" / "studies" / "small.json").read_bytes()
    monkeypatch.setattr(search_on_ray, "search_on_ray", None)  # whatever ran now would fail
    assert "0 to draw" in run(study, store)
    assert (tmp_path / "store" / "studies" / "small.json").read_bytes() == before


@pytest.mark.slow
def test_killed_half_way_it_goes_on_with_what_had_ended(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from harness import search_on_ray

    place = tmp_path / "store"
    command = [sys.executable, "-m", "harness.cli", "search", str(file), "--no-report", "--store", str(place)]
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 240

    def ended() -> list[Tried]:
        known = read(Store(place, create=False), "tuned") if (place / "studies" / "tuned.json").exists() else []
        return [one for one in known if one.status in (FINISHED, STOPPED)]

    while len(ended()) < 2:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    time.sleep(3)  # Ray's own processes notice
    study, store = search_spaces.load(str(file)), Store(place)
    known = journal(study, store).of("vanilla")
    assert 2 <= len(known) < 4
    results = {one: one.stat().st_mtime_ns for one in place.glob("trials/*/*.json")}

    given: list[dict[str, Any]] = []

    class Spy(search_on_ray.Sampler):
        def __init__(self, **options: Any) -> None:
            given.append(options)
            super().__init__(**options)

    monkeypatch.setattr(search_on_ray, "Sampler", Spy)
    out = run(study, store)
    assert f"{4 - len(known)} to draw" in out
    assert len(given) == 1
    assert [point["learning_rate"] for point in given[0]["points_to_evaluate"]] == [one.setting.learning_rate for one in known]
    assert given[0]["evaluated_rewards"] == [one.dev for one in known]
    after = read(store, "tuned")
    assert [one.id for one in after[: len(known)]] == [one.id for one in known]
    assert sum(one.draws for one in after) == 4
    assert RUNNING not in {one.status for one in after}
    assert {one: one.stat().st_mtime_ns for one in results} == results  # no ended trial ran again
    assert len(after) == 4  # no point is drawn again that had ended


@pytest.mark.slow
def test_what_the_store_has_is_reported_at_once_and_scored_in_more_languages(study: Study, tmp_path: Path) -> None:
    rate = SHORT.learning_rate
    known = replace(study, methods=(Vanilla(),), search=Search(space={"learning_rate": choice([rate])}, trials=2))
    store = Store(tmp_path / "store")
    (trial,) = base(known)
    assert not attempt(trial, store, 1).error
    before = store.record(trial.id)
    out = run(known, store)
    assert store.record(trial.id) == before
    (one,) = read(store, "small")
    assert (one.id, one.status, one.draws) == (trial.id, FINISHED, 2), out
    assert "0 to draw" in run(known, store)
    # More languages: what had finished is scored in them, and nothing is drawn.
    out = run(replace(known, targets=("de", "hi", "fi")), store)
    assert "1 finished trials lack languages" in out
    assert {"de", "hi", "fi"} <= set((store.record(trial.id) or {})["scores"]["test"])
    assert [(one.id, one.draws) for one in read(store, "small")] == [(trial.id, 2)]


BROKEN = """
from harness.tasks import PairTask


class Broken(PairTask):
    name = "broken"
    languages = ("en", "de")
    labels = ("no", "yes")

    def scores(self, gold, predicted):
        raise RuntimeError("out of luck")


TASK = Broken()
"""


@pytest.mark.slow
def test_trials_that_fail_are_counted_and_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "data" / "broken").mkdir(parents=True)
    for name in ("train-en", "dev-en", "test-en", "test-de"):
        (tmp_path / "data" / "broken" / f"{name}.tsv").write_text("a\tb\tno\na\ta\tyes\n", encoding="utf-8")
    (tmp_path / "broken.py").write_text(BROKEN, encoding="utf-8")
    file = tmp_path / "tuned.yaml"
    file.write_text(STUDY.replace("udpos", str(tmp_path / "broken.py")).format(data=tmp_path / "data") + SEARCH.format(trials=2))
    command = ["search", str(file), "--store", str(tmp_path / "store")]
    assert cli.main(command) == 1
    out = capsys.readouterr().out
    assert out.count("failed: RuntimeError: out of luck") == 2
    assert "0 finished before, 0 stopped before, 0 failed before, 2 to draw" in out
    tried = read(Store(tmp_path / "store"), "tuned")
    assert [(one.status, one.draws) for one in tried] == [(FAILED, 1)] * 2
    page = (tmp_path / "store" / "reports" / "tuned" / "report.html").read_text()
    assert page.count("RuntimeError: out of luck") == 2
    assert cli.main(command) == 1
    assert "2 failed before, 0 to draw" in capsys.readouterr().out
