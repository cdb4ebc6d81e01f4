"""Trials on Ray Tune: workers that stay warm between trials, on this machine or on a cluster.

Tune schedules; what is missing and what has been done is the store's to say (``Tuner.restore`` refuses a changed study).
"""

import gc
import logging
import os
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
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
from ray._private import ray_constants
from ray.tune.execution import class_cache
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

OBJECT_STORE_BYTES = 100 * 2**20
"""Nothing large passes between processes: workers get the trials' configs once, and leave their results in the store."""
AWS_KEYS = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN"}
"""Variables that Tune gives to workers on other machines by name and value."""
NUMBER = "trial"
"""What a trial's config in Tune consists of: its number in the list of trials."""


def run_on_ray(trials: list[TrialConfig], store: Store, resources: Resources, progress: SweepProgress, *, keep_weights: bool) -> None:
    """Run the trials; each one's end goes to ``progress``. A worker that dies is recorded as its trial's failure.

    Where Ray ends a worker because the node's memory is short, Tune gives up all that run. The others go on, and then each of those is
    run again, alone, and recorded as failed where that is too much as well.
    """
    rest, suspects = list(trials), list[TrialConfig]()
    while batch := rest or suspects[:1]:
        watch, lost = Watch(batch, store, progress), None
        try:
            _run(batch, watch, store, resources, keep_weights)
        except RuntimeError as error:
            if not watch.running or not isinstance(error.__cause__, ray.exceptions.RayError):  # no trial is at fault
                raise
            lost = error
        if not rest:
            if lost is not None:
                watch.fail(batch[0], str(lost.__cause__), "".join(traceback.format_exception(lost)))
            suspects = suspects[1:]
        elif lost is not None:
            running = [trial for trial in batch if trial.id in watch.running]
            rest, suspects = [trial for trial in batch if trial.id in watch.open - watch.running], suspects + running
            note = f"{lost.__cause__}".splitlines()[0] + f"\nWhat ran then is run again at the end, one trial at a time: {len(running)}."
            progress.console.print(note, highlight=False, markup=False, soft_wrap=True)
        else:
            rest = []


def _run(trials: list[TrialConfig], watch: "Watch", store: Store, resources: Resources, keep_weights: bool) -> None:
    """Run trials by Tune, on a Ray that is started for them."""
    with ready(trials, store, resources, watch.progress.console) as (place, gpus, scratch):
        worker = tune.with_parameters(
            Worker,
            trials=[trial.to_json() for trial in trials],
            place=place,
            threads=resources.cpus,
            gpus=gpus,
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
        self, config: dict[str, Any], *, trials: Sequence[dict[str, Any]], place: str, threads: int, gpus: float, keep_weights: bool
    ) -> None:
        take_gpu(gpus)
        self.trials = trials
        self.place = place
        self.threads = threads
        self.keep_weights = keep_weights

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Go on with another trial; Tune has taken over its config."""
        return True

    def step(self) -> dict[str, Any]:
        """One attempt, reported as its summary."""
        trial = TrialConfig.from_json(self.trials[self.config[NUMBER]])
        # The store is there already: a node that does not see it must fail, not keep results to itself.
        ended = attempt(trial, Store(self.place, create=False), self.threads, self.keep_weights)
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


class Watch(tune.Callback):
    """Passes Tune's events on to the progress display, and records the trials whose worker died."""

    def __init__(self, trials: list[TrialConfig], store: Store, progress: SweepProgress) -> None:
        self.trials = trials
        self.store = store
        self.progress = progress
        self.open = {trial.id for trial in trials}
        self.running: set[str] = set()
        """Those of the open ones that have begun."""

    def __getstate__(self) -> dict[str, Any]:
        """Nothing: Tune pickles callbacks for a ``Tuner.restore`` that is never called, and a terminal does not pickle."""
        return {}

    def on_trial_start(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        config = self._config(trial)
        self.running.add(config.id)
        self.progress.started(config)

    def on_trial_result(self, iteration: int, trials: list[Trial], trial: Trial, result: dict[str, Any], **info: Any) -> None:
        if result.get("id") in self.open:
            self._end(self._config(trial), Attempt(**{name: result[name] for name in Attempt.__dataclass_fields__}))

    def on_trial_error(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        config = self._config(trial)
        if config.id in self.open:
            error = trial.get_error()
            trace = str(error or "the worker died and left no message")
            self.fail(config, f"{type(error).__name__}: {trace.strip().splitlines()[-1]}", trace)

    def fail(self, config: TrialConfig, error: str, trace: str) -> None:
        """Record that a trial's worker has died; of ``error`` the first line is shown."""
        self._end(config, failed(config, self.store, error.strip().splitlines()[0], trace))

    def _config(self, trial: Trial) -> TrialConfig:
        return self.trials[trial.config[NUMBER]]

    def _end(self, config: TrialConfig, ended: Attempt) -> None:
        self.open.discard(ended.id)
        self.running.discard(ended.id)
        self.progress.ended(config, ended)


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
            ray_constants.ENABLE_RAY_CLUSTER = False  # or it listens on every network, for nodes that never come
            class_cache.ENV_VARS_TO_PROPAGATE -= AWS_KEYS  # workers here have them anyway, and in a log of Ray's everybody would
            ray.init(address="local", include_dashboard=False, object_store_memory=OBJECT_STORE_BYTES, **quiet)
        else:
            ray.init(address=address, **quiet)
    except (ConnectionError, ValueError) as error:
        raise UserError(f"--ray-address: {address!r} cannot be reached: {str(error).strip().splitlines()[0]}") from None
    try:
        yield
    finally:
        ray.shutdown()
