"""The reports that the sampler and the rungs of a search receive."""

import io
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import ray
from rich.console import Console

from analysis.results.from_store import load
from harness.execution.resources import Resources
from harness.search import Search
from harness.store.store import Store
from harness.study import Study
from harness.tuning.journal import FAILED, FINISHED, Journal, SearchTrial, read
from harness.tuning.progress import SearchProgress
from tests.helpers.searches import config, filled, journal
from tests.helpers.studies import LONG, SPACE


def test_the_sampler_is_given_what_is_known(searched: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from harness.tuning import sampling

    store = Store(tmp_path / "store")
    filled(searched, store)
    made = journal(searched, store)
    told = sampling.sampler(made, "vanilla")
    trials = told._ot_study.trials
    assert [(trial.params["learning_rate"], trial.value) for trial in trials] == [
        (0.001, 50.0),
        (0.002, 10.0),
        (0.004, 48.0),
    ]
    fresh = sampling.sampler(made, "l2(strength=0.01)")
    assert fresh._ot_study.trials == []
    first, second = (one.suggest("a") for one in (told, fresh))
    assert first != second  # with the same seed the sampler would repeat its first draws
    assert sampling.sampler(made, "vanilla").suggest("a") == first


def test_in_the_place_of_failed_trials_others_are_drawn_each_time(searched: Study, tmp_path: Path) -> None:
    from harness.tuning import sampling

    store, drawn = Store(tmp_path / "store"), []
    assert searched.search is not None
    # finally more trials, without a retry of failed trials
    for retry_failed, trials in ((False, 2), (True, 2), (True, 2), (False, 4)):
        more = replace(searched, search=replace(searched.search, trials=trials))
        made = journal(more, store, retry_failed=retry_failed)
        assert made.left("vanilla") == 2
        assert made.others == []
        sampler = sampling.sampler(made, "vanilla")
        for number in range(made.left("vanilla")):
            point = sampler.suggest(str(number))
            drawn.append(point["learning_rate"])
            trial = replace(made.bases["vanilla"], setting=made.search.setting(LONG, point))
            made.begun(trial)
            store.save_failure(trial, "out of luck", "")
            made.ended(trial, FAILED, 0.0)
            sampler.on_trial_complete(str(number), error=True)
    assert len(set(drawn)) == len(drawn) == 8
    assert len(read(store, "small")) == 4  # replaced trials are shown nowhere
    assert len(load(store, "small").trials) == 4


def test_a_failed_trial_is_no_score_to_the_sampler(searched: Study, tmp_path: Path) -> None:
    from harness.tuning import sampling

    made = sampling.sampler(journal(searched, Store(tmp_path / "store")), "vanilla")
    for name, error in (("a", ""), ("b", "out of luck")):
        made.suggest(name)
        made.on_trial_complete(name, {"dev": 3.0, "training_iteration": 1, "error": error})
    assert [(trial.state.name, trial.value) for trial in made._ot_study.trials] == [("COMPLETE", 3.0), ("FAIL", None)]


def test_where_memory_is_short_others_are_drawn_one_at_a_time(
    searched: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when Ray ends a worker, and Tune then gives up all running trials."""
    from harness.execution.on_ray.cluster import Cluster
    from harness.tuning import ray_search

    store, batches = Store(tmp_path / "store"), list[list[float]]()
    made = journal(replace(searched, search=Search(space=SPACE, trials=3)), store)

    def searched_batch(label: str, made: Journal, watch: Any, resources: Resources, at_once: int, cluster: Any) -> None:
        rates = [
            round((len(batches) + 1) * 1e-4 + number * 1e-5, 6) for number in range(min(at_once, made.left(label)))
        ]
        batches.append(rates)
        running = []
        for rate in rates:
            base, trial = made.bases[label].to_json(), config(made, rate)
            point = {
                "trial": base,
                "search": made.search.to_json(),
                "learning_rate": rate,
                "warmup_steps": trial.setting.warmup_steps,
            }
            running.append(cast(Any, SimpleNamespace(trial_id=f"{rate}", config=point)))
            watch.on_trial_start(0, [], running[-1])
        if len(batches) in (1, 2):
            raise RuntimeError("Caught unexpected exception") from ray.exceptions.OutOfMemoryError(
                "1 worker was killed.\nAnd so on."
            )
        watch.on_trial_result(0, [], running[0], {"rung": 3, "step": 9, "dev": 50.0, "end": True, "seconds": 1.0})

    monkeypatch.setattr(ray_search, "run_tuner", searched_batch)
    monkeypatch.setattr(ray_search, "trials_at_once", lambda resources: 2)
    out = io.StringIO()
    with SearchProgress(Console(file=out, width=250), made) as progress:
        ray_search.spend_budget("vanilla", made, store, Resources(), progress, Cluster("", 0.0, ""))
    # Two run at once, then one at a time: the first of these needs too much memory even alone.
    assert [len(batch) for batch in batches] == [2, 1, 1]
    tried = read(store, "small")
    assert [(one.status, one.setting.learning_rate) for one in tried] == [
        (FAILED, batches[1][0]),
        (FINISHED, batches[2][0]),
    ]
    assert store.failures(one.id for one in tried)[tried[0].id].error == "1 worker was killed."
    assert progress.running == {}
    assert out.getvalue().count("lost, other settings are drawn one at a time: 1 worker was killed.") == 2


def test_a_mistake_of_the_driver_is_no_trials(searched: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from harness.execution.on_ray.cluster import Cluster
    from harness.tuning import ray_search

    def breaks(*given: Any) -> None:
        raise RuntimeError("a driver's own mistake")

    monkeypatch.setattr(ray_search, "run_tuner", breaks)
    monkeypatch.setattr(ray_search, "trials_at_once", lambda resources: 2)
    made = journal(searched, Store(tmp_path / "store"))
    with SearchProgress(Console(quiet=True), made) as progress, pytest.raises(RuntimeError, match="own mistake"):
        ray_search.spend_budget("vanilla", made, made.store, Resources(), progress, Cluster("", 0.0, ""))


def test_the_rungs_are_filled_with_known_scores(searched: Study, tmp_path: Path) -> None:
    from types import SimpleNamespace

    from harness.tuning import sampling

    store = Store(tmp_path / "store")
    filled(searched, store)
    made = journal(searched, store)

    def decision(asha: Any, rung: int, dev: float) -> str:
        trial = SimpleNamespace(trial_id=f"new-{rung}-{dev}")
        asha.on_trial_add(None, trial)
        return str(asha.on_trial_result(None, trial, {"resource": 3 ** (rung - 1), "dev": dev}))

    def scheduler(known: list[SearchTrial]) -> Any:
        return sampling.scheduler(made.search, known)

    known = made.of("vanilla")
    # Rung 1 has 20, 10 and 25: the best third is from 21.67 up.
    assert decision(scheduler(known), 1, 21.0) == "STOP"
    assert decision(scheduler(known), 1, 22.0) == "CONTINUE"
    assert decision(scheduler([]), 1, 1.0) == "CONTINUE"  # no trial to compare with
    assert decision(scheduler(known), 2, 33.0) == "STOP"  # compared with 30 and 35
    assert decision(scheduler(known), 2, 33.5) == "CONTINUE"
    # Where lower scores are better, the best third is from 16.67 down.
    assert decision(sampling.scheduler(made.search, known, "min"), 1, 17.0) == "STOP"
    assert decision(sampling.scheduler(made.search, known, "min"), 1, 16.0) == "CONTINUE"
