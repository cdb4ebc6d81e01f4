"""Trials on Ray Tune: workers that stay warm between trials, on this machine or on a cluster.

Tune schedules; what is missing and what has been done is the store's to say (``Tuner.restore`` refuses a changed study).
"""

import gc
import logging
import os
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

# Read when Ray is imported. Tune's own result files would be a second, weaker store; Ctrl-C is the command line's to handle.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")
os.environ.setdefault("TUNE_DISABLE_SIGINT_HANDLER", "1")
os.environ.setdefault("RAY_CHDIR_TO_TRIAL_DIR", "0")
os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")
os.environ.setdefault("TUNE_GLOBAL_CHECKPOINT_S", "inf")  # of Tune's own state, which grows with the trials and is never restored

import ray
from ray import tune
from ray.tune.experiment import Trial
from ray.tune.search.basic_variant import BasicVariantGenerator
from rich.console import Console

from harness import fishers
from harness.attempt import Attempt, attempt, failed
from harness.errors import UserError
from harness.fisher import Request
from harness.progress import SweepProgress
from harness.resources import Resources
from harness.store import Store
from harness.study import TrialConfig
from harness.time_limit import TimeLimitError, over

OBJECT_STORE_BYTES = 100 * 2**20
"""Nothing large passes between processes: workers get the trials' configs once, and leave their results in the store."""
NUMBER = "trial"
"""What a trial's config in Tune consists of: its number in the list of trials."""


TOGETHER, AGAIN, ALONE = range(3)
"""In what company a trial runs: all of them, those whose worker was lost the first time, and one by itself."""


def run_on_ray(trials: list[TrialConfig], store: Store, resources: Resources, progress: SweepProgress, *, keep_weights: bool) -> None:
    """Run the trials; each one's end goes to ``progress``.

    A trial whose worker is lost (killed, crashed, its node gone) is run again once the others are done, from its last checkpoint, and
    then once more alone; one that lacked memory is run again alone at once, with a whole GPU. Who is lost alone too has failed. Where Ray
    ends a worker because the node's memory is short, Tune gives up all that run: those count as lacking memory, and the others go on.
    """
    stages: list[list[TrialConfig]] = [list(trials), [], []]
    while (stage := next((number for number, waiting in enumerate(stages) if waiting), None)) is not None:
        batch = stages[stage] if stage < ALONE else stages[stage][:1]
        watch = Watch(batch, store, progress, resources.minutes)
        given = replace(resources, gpus=1.0) if stage == ALONE and 0 < (resources.gpus or 0) < 1 else resources
        try:
            _run(batch, watch, store, given, keep_weights)
        except RuntimeError as error:
            if not watch.running or not isinstance(error.__cause__, ray.exceptions.RayError):  # no trial is at fault
                raise
            watch.lose_all(error.__cause__, error)
        not_begun = [trial for trial in batch if trial.id in watch.open]
        stages[stage] = not_begun + stages[stage][len(batch) :]
        for trial, loss in watch.lost:
            if stage == ALONE:
                watch.fail(trial, loss)
            else:
                stages[ALONE if loss.of_memory else stage + 1].append(trial)


def _run(trials: list[TrialConfig], watch: "Watch", store: Store, resources: Resources, keep_weights: bool) -> None:
    """Run trials by Tune, on a Ray that is started for them."""
    with ready(trials, store, resources, watch.progress.console) as (place, gpus, scratch):
        worker = tune.with_parameters(
            Worker,
            trials=[trial.to_json() for trial in trials],
            place=place,
            resources=replace(resources, gpus=gpus),
            keep_weights=keep_weights,
        )
        tuner = tune.Tuner(
            tune.with_resources(worker, {"cpu": resources.cpus, "gpu": gpus}),
            param_space={NUMBER: tune.randint(0, len(trials))},
            tune_config=tune.TuneConfig(
                # Points and no grid: of a grid Tune copies all values for each of them.
                search_alg=BasicVariantGenerator(points_to_evaluate=[{NUMBER: number} for number in range(len(trials))]),
                num_samples=len(trials),
                reuse_actors=True,
                trial_dirname_creator=lambda trial: trial.trial_id,
            ),
            run_config=tune.RunConfig(
                storage_path=scratch,
                name="study",
                verbose=0,
                callbacks=[watch],
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
            ),
        )
        tuner.fit()


@contextmanager
def ready(trials: Sequence[TrialConfig], store: Store, resources: Resources, console: Console) -> Iterator[tuple[str, float, str]]:
    """Ray, with the Fisher diagonals that the trials need; gives what a worker opens the store with, a trial's GPU and a scratch folder.

    Raises ``UserError`` where the cluster cannot be reached or a trial does not fit.
    """
    place = _place(store)
    with _ray(resources.ray_address), tempfile.TemporaryDirectory(prefix="steadytune-") as scratch:
        gpus = _gpus(resources)
        _check_fits(resources.cpus, gpus)
        diagonals = fishers.lacking(fishers.needed(trials), store)
        fishers.announce(diagonals, console)
        for _ in _provided(diagonals, place, resources.cpus, gpus):
            pass  # what failed, the trials that need it find out and record
        yield place, gpus, scratch


def provide_on_ray(requests: Sequence[Request], store: Store, resources: Resources) -> None:
    """Compute Fisher diagonals as Ray tasks, each with what a trial gets; raises the first one's error where any fails."""
    with _ray(resources.ray_address):
        gpus = _gpus(resources)
        _check_fits(resources.cpus, gpus)
        for error in _provided(requests, _place(store), resources.cpus, gpus):
            if error is not None:
                raise error.cause if isinstance(error, ray.exceptions.RayTaskError) else error


def _provided(requests: Sequence[Request], place: str, cpus: int, gpus: float) -> Iterator[Exception | None]:
    """Compute diagonals at once, as many as there is room for; each one's error, or ``None``, as it ends."""
    task = ray.remote(num_cpus=cpus, num_gpus=gpus, max_retries=0)(_provide)
    running = [task.remote(request, place, cpus, gpus) for request in requests]
    while running:
        ended, running = ray.wait(running)
        try:
            ray.get(ended)
            yield None
        except Exception as error:
            yield error


def _provide(request: Request, place: str, threads: int, gpus: float) -> None:
    take_gpu(gpus)
    fishers.provide(request, Store(place, create=False), threads)


def take_gpu(gpus: float) -> None:
    """Keep this worker to its share."""
    if gpus == 0:
        os.environ["CUDA_VISIBLE_DEVICES"] = ""  # Ray leaves GPUs visible to those that asked for none
    elif gpus < 1:
        import torch

        torch.cuda.set_per_process_memory_fraction(gpus)  # Ray's fractions are bookkeeping only


def _place(store: Store) -> str:
    """What a worker opens the store with."""
    return str(Path(store.root).resolve()) if store.is_local else store.place


def _gpus(resources: Resources) -> float:
    """GPU of a trial on the connected cluster."""
    return resources.gpus if resources.gpus is not None else min(1.0, ray.cluster_resources().get("GPU", 0.0))


class Worker(tune.Trainable):
    """Runs one trial after another, each in one step. Everything heavy is imported, loaded and kept by its process.

    All of them are told all trials once, and then a trial's number: what Tune holds of a trial, it holds to the end, several times over.
    """

    def setup(  # type: ignore[override]  # Tune adds what with_parameters was given
        self, config: dict[str, Any], *, trials: Sequence[dict[str, Any]], place: str, resources: Resources, keep_weights: bool
    ) -> None:
        assert resources.gpus is not None
        take_gpu(resources.gpus)
        self.trials = trials
        self.place = place
        self.resources = resources
        self.keep_weights = keep_weights

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Go on with another trial; Tune has taken over its config."""
        return True

    def step(self) -> dict[str, Any]:
        """One attempt, reported as its summary."""
        trial = TrialConfig.from_json(self.trials[self.config[NUMBER]])
        # The store is there already: a node that does not see it must fail, not keep results to itself.
        ended = attempt(trial, Store(self.place, create=False), self.resources, self.keep_weights)
        settle()
        return {**asdict(ended), "done": True}


@lru_cache(maxsize=1)
def settle() -> None:
    """Spare the garbage collector what this worker's first trial has loaded: every training begins with a collection, and hundreds of
    thousands of objects of libraries and data would be looked at each time."""
    gc.collect()
    gc.freeze()


@lru_cache(maxsize=1)
def worker_thread() -> ThreadPoolExecutor:
    """The one thread of this process that runs the trials of a search. Tune calls a function in a new thread for every trial, and memory
    freed in one thread's malloc arena does not serve the next."""
    return ThreadPoolExecutor(1, thread_name_prefix="trial")


@dataclass(frozen=True)
class Loss:
    """Why a trial came back without a result."""

    error: str
    """One line."""
    trace: str
    of_memory: bool


class Watch(tune.Callback):
    """Passes Tune's events on to the progress display, and keeps which trials were lost."""

    def __init__(self, trials: list[TrialConfig], store: Store, progress: SweepProgress, minutes: float | None) -> None:
        self.trials = trials
        self.store = store
        self.progress = progress
        self.minutes = minutes
        self.open = {trial.id for trial in trials}
        """Those that have neither ended nor were lost."""
        self.running: dict[str, float] = {}
        """Those of the open ones that have begun, and when."""
        self.lost: list[tuple[TrialConfig, Loss]] = []

    def __getstate__(self) -> dict[str, Any]:
        """Nothing: Tune pickles callbacks for a ``Tuner.restore`` that is never called, and a terminal does not pickle."""
        return {}

    def on_trial_start(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        config = self._config(trial)
        self.running[config.id] = time.monotonic()
        self.progress.started(config)

    def on_trial_result(self, iteration: int, trials: list[Trial], trial: Trial, result: dict[str, Any], **info: Any) -> None:
        if result.get("id") not in self.open:
            return
        config, ended = self._config(trial), Attempt(**{field.name: result[field.name] for field in fields(Attempt)})
        if ended.lacked_memory:
            failure = self.store.failure(config.id)
            self._lose(config, Loss(ended.error, failure.traceback if failure is not None else "", of_memory=True))
        else:
            self._end(config, ended)

    def on_trial_error(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        config = self._config(trial)
        if config.id not in self.open:
            return
        error = trial.get_error()
        trace = str(error or "the worker died and left no message")
        loss = Loss(f"{type(error).__name__}: {trace.strip().splitlines()[-1]}", trace, of_memory=False)
        if self.minutes is not None and time.monotonic() - self.running[config.id] >= 60 * self.minutes:
            self.fail(config, Loss(f"{TimeLimitError.__name__}: {over(self.minutes)}", trace, of_memory=False))
        else:
            self._lose(config, loss)

    def lose_all(self, reason: BaseException, error: BaseException) -> None:
        """All that run are lost, for want of the node's memory."""
        first = str(reason).strip().splitlines()[0]
        loss = Loss(first, "".join(traceback.format_exception(error)), of_memory=True)
        for trial in [trial for trial in self.trials if trial.id in self.running]:
            self._lose(trial, loss)

    def fail(self, config: TrialConfig, loss: Loss) -> None:
        """Record that a trial has failed for a loss."""
        self._end(config, failed(config, self.store, loss.error, loss.trace))

    def _config(self, trial: Trial) -> TrialConfig:
        return self.trials[trial.config[NUMBER]]

    def _lose(self, config: TrialConfig, loss: Loss) -> None:
        self._close(config)
        self.lost.append((config, loss))
        self.progress.lost(config, loss.error)

    def _end(self, config: TrialConfig, ended: Attempt) -> None:
        self._close(config)
        self.progress.ended(config, ended)

    def _close(self, config: TrialConfig) -> None:
        self.open.discard(config.id)
        self.running.pop(config.id, None)


def _check_fits(cpus: int, gpus: float) -> None:
    there = ray.cluster_resources()
    for name, flag, asked in (("CPU", "--cpus-per-trial", cpus), ("GPU", "--gpus-per-trial", gpus)):
        if asked > there.get(name, 0):
            raise UserError(f"{flag}: {asked:g} is not allowed; this cluster has {there.get(name, 0):g}")


@contextmanager
def _ray(address: str | None) -> Iterator[None]:
    """A connection to a cluster, or a Ray of our own for the time: no dashboard, bound to this machine, quiet."""
    for name in ("ray", "ray.tune"):
        logging.getLogger(name).setLevel(logging.ERROR)
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    try:
        if address is None:
            ray.init(address="local", include_dashboard=False, object_store_memory=OBJECT_STORE_BYTES, **quiet)
        else:
            ray.init(address=address, **quiet)
    except (ConnectionError, ValueError) as error:
        raise UserError(f"--ray-address: {address!r} cannot be reached: {str(error).strip().splitlines()[0]}") from None
    try:
        yield
    finally:
        ray.shutdown()
