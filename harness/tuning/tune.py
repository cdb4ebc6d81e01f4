"""A search on Ray Tune: optuna's TPE draws settings by the source's dev scores, ASHA stops trials that lag behind on
them.

One search a method, one after another, each with its own sampler and rungs, so that no method profits from another's
trials. What an interrupted search had tried is known to the sampler of the next start, and the rungs of ASHA are filled
with its scores, both through their public methods. The sampler's random numbers begin anew there, from the seed and the
number of draws before: where trials run at once, or the search was interrupted, it draws other settings than another
time.
"""

import os
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from queue import SimpleQueue
from types import SimpleNamespace
from typing import Any

from harness.execution import ray_cluster

# isort: split
import optuna
import ray
from ray import tune
from ray.tune.experiment import Trial
from ray.tune.schedulers import ASHAScheduler
from ray.tune.search.optuna import OptunaSearch
from rich.console import Console
from rich.markup import escape

from harness.common.hashing import digest
from harness.execution.attempt import Attempt, attempt, failed
from harness.execution.progress import Observer
from harness.execution.ray_cluster import loss_of_node, loss_of_worker
from harness.execution.resources import Resources
from harness.execution.retries import Loss
from harness.search import Search
from harness.store.record import covers
from harness.store.store import Store
from harness.study import TrialConfig
from harness.training.rungs import Stopped
from harness.tuning.journal import FAILED, FINISHED, STOPPED, Journal, Rung, SearchTrial, final
from harness.tuning.progress import SearchProgress

METRIC, TIME = "dev", "resource"
"""What Tune is told at a rung: the source's dev score × 100, and ``reduction ** (rung - 1)``, so that ASHA's rungs are
ours whatever the number of steps."""
STARTUP = 3
"""The share of the trials, one in so many, that is drawn at random before TPE begins; optuna's own 10 would be most of
a short search."""
MAX_STARTUP = 10


def search_on_ray(
    journal: Journal, store: Store, resources: Resources, console: Console, observer: Observer | None = None
) -> None:
    """Draw and run what is left of each method's budget."""
    bases = list(journal.bases.values())
    journal.save()  # before the first trial, as of any study
    with (
        ray_cluster.ready(bases, store, resources, console) as (place, gpus, scratch),
        SearchProgress(console, journal, observer) as progress,
    ):
        for label in journal.bases:
            if journal.left(label):
                _use_up(label, journal, store, replace(resources, gpus=gpus), progress, place, scratch)


def _use_up(
    label: str, journal: Journal, store: Store, resources: Resources, progress: SearchProgress, place: str, scratch: str
) -> None:
    """Search until a method's budget is spent.

    Where Ray ends a worker because the node's memory is short, Tune gives up all that run: the rest is searched one
    trial at a time, and one that takes too much alone has failed.
    """
    at_once = _at_once(resources)
    while journal.left(label):
        callback = JournalCallback(journal, store, progress, resources.minutes)
        try:
            _search(label, journal, callback, resources, at_once, place, scratch)
            return
        except RuntimeError as error:
            loss = loss_of_node(error)
            if not callback.open:  # no trial is at fault
                raise
            callback.lose_all(loss, alone=at_once == 1)
            at_once = 1


def _search(
    label: str,
    journal: Journal,
    callback: "JournalCallback",
    resources: Resources,
    at_once: int,
    place: str,
    scratch: str,
) -> None:
    search, base = journal.search, journal.bases[label]
    fixed = {
        "trial": base.to_json(),
        "search": search.to_json(),
        "store": place,
        "resources": asdict(resources),
    }
    tuner = tune.Tuner(
        tune.with_resources(try_one, {"cpu": resources.cpus, "gpu": resources.gpus or 0}),
        param_space=fixed,
        tune_config=tune.TuneConfig(
            num_samples=journal.left(label),
            search_alg=sampler(journal, label),
            scheduler=scheduler(search, journal.of(label)),
            max_concurrent_trials=at_once,  # none is drawn before it can run: it would know less
            reuse_actors=True,
            trial_dirname_creator=lambda trial: trial.trial_id,
        ),
        run_config=tune.RunConfig(
            storage_path=tempfile.mkdtemp(dir=scratch),
            name="search",
            verbose=0,
            callbacks=[callback],
            failure_config=tune.FailureConfig(max_failures=1),  # a worker that is lost, not a trial that raises
        ),
    )
    tuner.fit()


def _at_once(resources: Resources) -> int:
    """Trials that the cluster has room for."""
    there = ray.cluster_resources()
    room = [there.get("CPU", 1) // resources.cpus] + ([there.get("GPU", 0) // resources.gpus] if resources.gpus else [])
    return max(1, int(min(room)))


class Sampler(OptunaSearch):
    """As Ray Tune's, save that a trial that failed is a failure to it and no score."""

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        broken = error or bool((result or {}).get("error"))
        super().on_trial_complete(trial_id, None if broken else result, broken)


def sampler(journal: Journal, label: str) -> Sampler:
    """TPE that knows the method's trials so far: each one's point and last dev score, as Tune tells it of those that
    run."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    search = journal.search
    points, rewards = journal.points(label)
    drawn = journal.drawn(label)  # those that failed too, though they have no score to tell the sampler
    # Seeded alike it would begin with the same points again.
    seed = search.seed if not drawn else int(digest([search.seed, drawn]), 16) % 2**32
    return Sampler(
        space={name: made.to_optuna() for name, made in search.space.items()},
        metric=METRIC,
        mode="max",
        points_to_evaluate=points,
        evaluated_rewards=rewards,
        sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=min(MAX_STARTUP, -(-search.trials // STARTUP))),
    )


def scheduler(search: Search, known: Iterable[SearchTrial]) -> ASHAScheduler:
    """ASHA whose rungs have the scores of trials that have ended."""
    made = ASHAScheduler(
        time_attr=TIME,
        metric=METRIC,
        mode="max",
        grace_period=1,
        max_t=_time(search, search.rungs),
        reduction_factor=search.reduction,
    )
    for number, one in enumerate(known):
        stand_in: Any = SimpleNamespace(trial_id=f"known-{number}")  # all that ASHA looks at
        controller: Any = None
        made.on_trial_add(controller, stand_in)
        for score in one.scores:
            if score.rung < search.rungs:
                made.on_trial_result(controller, stand_in, {TIME: _time(search, score.rung), METRIC: score.dev})
    return made


def _time(search: Search, rung: int) -> int:
    return int(search.reduction ** (rung - 1))


# In a worker


class Relay:
    """Between the thread that trains and the one that talks to Tune: a score goes out, and the answer says whether to
    go on."""

    def __init__(self, search: Search) -> None:
        self.search = search
        self.scores: SimpleQueue[Rung | None] = SimpleQueue()
        self.answers: SimpleQueue[bool] = SimpleQueue()

    def steps(self, total: int) -> dict[int, int]:
        return self.search.steps(total)

    def score(self, rung: int, step: int, dev: float) -> None:
        self.scores.put(Rung(rung, step, dev))
        if not self.answers.get():
            raise Stopped

    def run(self, trial: TrialConfig, store: Store, resources: Resources) -> Attempt | None:
        """The trial; ``None`` where it was stopped."""
        try:
            return attempt(trial, store, resources, rungs=self)
        except Stopped:
            return None
        finally:
            ray_cluster.settle()
            self.scores.put(None)


def try_one(space: dict[str, Any]) -> None:
    """The Tune trainable: one trial of a search, reported at each rung. What has finished before is reported at
    once."""
    os.environ["TUNE_FUNCTION_THREAD_TIMEOUT_S"] = (
        "60"  # how long Tune waits for a stopped trial before it gives up its warm worker
    )
    resources = Resources(**space["resources"])
    assert resources.gpus is not None
    ray_cluster.take_gpu(resources.gpus)
    start = time.perf_counter()
    trial, search, store = config_of(space), Search.from_json(space["search"]), Store(space["store"], create=False)
    if covers(store.record(trial.id), trial):
        _report_end(trial, search, store)
        return
    relay = Relay(search)
    running = ray_cluster.worker_thread().submit(relay.run, trial, store, resources)
    try:
        while (score := relay.scores.get()) is not None:
            tune.report(_at(score, search, seconds=time.perf_counter() - start))
            relay.answers.put(True)
    finally:  # Tune ends a stopped trial by an exception from the report
        relay.answers.put(False)
        ended = running.result()
    if ended is not None and ended.error:
        tune.report({METRIC: float("-inf"), "error": ended.error})  # without a time it is on no rung
    else:
        _report_end(trial, search, store)


def _report_end(trial: TrialConfig, search: Search, store: Store) -> None:
    record = store.record(trial.id)
    assert record is not None
    tune.report(_at(final(record, search), search, seconds=record.cost.seconds, end=True))


def _at(score: Rung, search: Search, *, seconds: float, end: bool = False) -> dict[str, Any]:
    return {
        METRIC: score.dev,
        TIME: _time(search, score.rung),
        "rung": score.rung,
        "step": score.step,
        "seconds": seconds,
        "end": end,
    }


def config_of(space: dict[str, Any]) -> TrialConfig:
    """The trial at a point of the space, as Tune has it beside what is fixed."""
    base, search = TrialConfig.from_json(space["trial"]), Search.from_json(space["search"])
    return replace(base, setting=search.setting(base.setting, {name: space[name] for name in search.space}))


# In the driver


class JournalCallback(tune.Callback):
    """Writes Tune's events into the journal, and passes them on to the progress display."""

    def __init__(self, journal: Journal, store: Store, progress: SearchProgress, minutes: float | None) -> None:
        self.journal = journal
        self.store = store
        self.progress = progress
        self.minutes = minutes
        self.open: dict[str, tuple[TrialConfig, float]] = {}
        """The trials that run and when they began, by Tune's name."""

    def __getstate__(self) -> dict[str, Any]:
        """Nothing, as in ``harness.execution.ray_tune.SweepCallback``."""
        return {}

    def on_trial_start(self, iteration: int, trials: Sequence[Trial], trial: Trial, **info: Any) -> None:
        config = config_of(trial.config)
        again = trial.trial_id in self.open  # its worker was lost
        self.open[trial.trial_id] = config, time.monotonic()
        if again:
            return
        self.journal.begun(config)
        self.progress.started(config)

    def on_trial_result(
        self, iteration: int, trials: Sequence[Trial], trial: Trial, result: dict[str, Any], **info: Any
    ) -> None:
        if trial.trial_id not in self.open:
            return
        config = config_of(trial.config)
        if error := result.get("error"):
            self._end(trial.trial_id, FAILED, 0.0, error)
            return
        self.journal.scored(config, Rung(result["rung"], result["step"], result[METRIC]))
        if result["end"]:
            self._end(trial.trial_id, FINISHED, result["seconds"])
        elif result.get("done"):
            self._end(trial.trial_id, STOPPED, result["seconds"])

    def on_trial_error(self, iteration: int, trials: Sequence[Trial], trial: Trial, **info: Any) -> None:
        if trial.trial_id in self.open:
            _, began = self.open[trial.trial_id]
            # No signal reaches a trial here, in its thread: at the limit its worker ends itself.
            self._fail(trial.trial_id, loss_of_worker(trial, time.monotonic() - began, self.minutes, grace=0))

    def lose_all(self, loss: Loss, *, alone: bool) -> None:
        """All that run have come to nothing: the one that ran alone has failed, of several it is as if they had not
        been drawn."""
        for name in list(self.open):
            if alone:
                self._fail(name, loss)
            else:
                config, _ = self.open.pop(name)
                self.journal.forget(config)
                self.progress.tell(
                    config, f"[yellow]lost[/yellow], others are drawn one at a time: {escape(loss.error[:200])}"
                )

    def _fail(self, name: str, loss: Loss) -> None:
        config, _ = self.open[name]
        self._end(name, FAILED, 0.0, failed(config, self.store, loss.error, loss.trace).error)

    def _end(self, name: str, status: str, seconds: float, error: str = "") -> None:
        config, _ = self.open.pop(name)
        self.progress.ended_search(config, self.journal.ended(config, status, seconds), error)
