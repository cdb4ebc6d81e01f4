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
from dataclasses import asdict, fields, replace
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
from harness.errors import UserError, reason
from harness.fisher import Request
from harness.progress import SweepProgress
from harness.reruns import ALONE, TOGETHER, Loss, Reruns
from harness.resources import Resources
from harness.store import Store
from harness.study import TrialConfig
from harness.time_limit import GRACE, TimeLimitError, over

OBJECT_STORE_BYTES = 100 * 2**20
"""Nothing large passes between processes: workers get the trials' configs once, and leave their results in the store."""
AWS_KEYS = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN"}
"""Variables that Tune gives to workers on other machines by name and value."""
NUMBER = "trial"
"""What a trial's config in Tune consists of: its number in the list of trials."""


def run_on_ray(trials: list[TrialConfig], store: Store, resources: Resources, progress: SweepProgress, *, keep_weights: bool) -> None:
    """Run the trials, those again that come back without a result (see ``harness.reruns``); each one's end goes to ``progress``.

    Where Ray ends a worker because the node's memory is short, Tune gives up all that run: those are lost, and the others go on.
    Exceptions are another matter: they would come again, and a trial that raises one has failed.
    """
    reruns = Reruns(trials, store)
    with ready(trials, store, resources, progress.console) as (place, gpus, scratch):
        while reruns:
            batch = reruns.take()
            watch = Watch(batch, reruns, progress, resources.minutes)
            given = replace(resources, gpus=1.0 if reruns.stage == ALONE and gpus else gpus)
            try:
                _run(batch, watch, place, given, scratch, keep_weights, wait=reruns.stage != TOGETHER)
            except RuntimeError as error:
                loss = loss_of_node(error)
                if not watch.running:  # no trial is at fault
                    raise
                for trial in [trial for trial in batch if trial.id in watch.running]:
                    watch.lose(trial, loss)
            reruns.put_back([trial for trial in batch if trial.id in watch.open])


def _run(
    trials: list[TrialConfig], watch: "Watch", place: str, resources: Resources, scratch: str, keep_weights: bool, *, wait: bool
) -> None:
    """Run trials by Tune; those that other processes are at are waited for, or not."""
    worker = tune.with_parameters(
        Worker,
        trials=[trial.to_json() for trial in trials],
        place=place,
        resources=resources,
        keep_weights=keep_weights,
        wait=wait,
    )
    tuner = tune.Tuner(
        tune.with_resources(worker, {"cpu": resources.cpus, "gpu": resources.gpus or 0}),
        param_space={NUMBER: tune.randint(0, len(trials))},
        tune_config=tune.TuneConfig(
            # Points and no grid: of a grid Tune copies all values for each of them.
            search_alg=BasicVariantGenerator(points_to_evaluate=[{NUMBER: number} for number in range(len(trials))]),
            num_samples=len(trials),
            reuse_actors=True,
            trial_dirname_creator=lambda trial: trial.trial_id,
        ),
        run_config=tune.RunConfig(
            storage_path=tempfile.mkdtemp(dir=scratch),
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
        if resources.ray_address is not None:
            there = ray.cluster_resources()
            size = f"{len(ray.nodes())} nodes, {there.get('CPU', 0):g} cores and {there.get('GPU', 0):g} GPUs"
            console.print(f"The cluster has {size}; a trial gets {resources.cpus} cores and {gpus:g} GPU.", highlight=False)
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

        if torch.cuda.is_available():  # a cluster may have told Ray of accelerators that torch cannot see
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
        self, config: dict[str, Any], *, trials: Sequence[dict[str, Any]], place: str, resources: Resources, keep_weights: bool, wait: bool
    ) -> None:
        assert resources.gpus is not None
        take_gpu(resources.gpus)
        self.trials = trials
        self.place = place
        self.resources = resources
        self.keep_weights = keep_weights
        self.wait = wait
        self.broken = False

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Go on with another trial; Tune has taken over its config."""
        return True

    def step(self) -> dict[str, Any]:
        """One attempt, reported as its summary."""
        if self.broken:
            os._exit(1)  # its GPU is lost to this process: the trial runs again in another
        trial = TrialConfig.from_json(self.trials[self.config[NUMBER]])
        # The store is there already: a node that does not see it must fail, not keep results to itself.
        ended = attempt(trial, Store(self.place, create=False), self.resources, self.keep_weights, wait=self.wait)
        self.broken = ended.broke_device
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


def loss_of_worker(trial: Trial, seconds: float, minutes: float | None, grace: float) -> Loss:
    """The loss of a trial's worker after so many seconds, where a trial may take some minutes and then has some seconds to end itself."""
    # Tune's own get_error() looks where the file will be brought later.
    said = Path(trial.error_file).read_text(encoding="utf-8").splitlines()[1:] if trial.error_file else []
    trace = "\n".join(said)
    if minutes is not None and seconds >= 60 * minutes + grace:
        return Loss(f"{TimeLimitError.__name__}: {over(minutes)}", trace, of_time=True)
    return Loss(f"the worker was lost: {' '.join(trace.split()) or 'it left no message'}", trace)


def loss_of_node(error: RuntimeError) -> Loss:
    """The loss of all that ran when Ray ended a worker as its node was low on memory, as Tune raises it. Raises any other error."""
    if not isinstance(error.__cause__, ray.exceptions.RayError):
        raise error
    said = str(error.__cause__).strip() or type(error.__cause__).__name__
    return Loss(said.splitlines()[0], "".join(traceback.format_exception(error)))


class Watch(tune.Callback):
    """Passes Tune's events on to the progress display, and lost trials to those that are to run again."""

    def __init__(self, trials: list[TrialConfig], reruns: Reruns, progress: SweepProgress, minutes: float | None) -> None:
        self.trials = trials
        self.reruns = reruns
        self.progress = progress
        self.minutes = minutes
        self.open = {trial.id for trial in trials}
        """Those that have neither ended nor were lost."""
        self.running: dict[str, float] = {}
        """Those of the open ones that have begun, and when."""

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
        if ended.taken:
            self._close(config)
            self.progress.put_off(config)
            self.reruns.put_off(config)
        elif ended.lacked_memory:
            failure = self.reruns.store.failure(config.id)
            self.lose(config, Loss(ended.error, failure.traceback if failure is not None else "", of_memory=True))
        else:
            self._end(config, ended)

    def on_trial_error(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        config = self._config(trial)
        if config.id in self.open:
            now = time.monotonic()
            began = self.running.get(config.id, now)  # a worker may die before its trial begins
            self.lose(config, loss_of_worker(trial, now - began, self.minutes, GRACE))

    def lose(self, config: TrialConfig, loss: Loss) -> None:
        """A trial has come back without a result."""
        if self.reruns.lose(config, loss):
            self._close(config)
            self.progress.lost(config, loss.error)
        else:
            self._end(config, failed(config, self.reruns.store, loss.error, loss.trace))

    def _config(self, trial: Trial) -> TrialConfig:
        return self.trials[trial.config[NUMBER]]

    def _end(self, config: TrialConfig, ended: Attempt) -> None:
        self._close(config)
        self.progress.ended(config, ended)

    def _close(self, config: TrialConfig) -> None:
        self.open.discard(config.id)
        self.running.pop(config.id, None)


def _check_fits(cpus: int, gpus: float) -> None:
    """Refuse a trial that no node has room for: it would wait for ever."""
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    for name, flag, asked in (("CPU", "--cpus-per-trial", cpus), ("GPU", "--gpus-per-trial", gpus)):
        most = max((node.get(name, 0) for node in nodes), default=0)
        if asked > most:
            raise UserError(f"{flag}: {asked:g} is not allowed; the nodes of this cluster have {most:g} at most")
    if not any(node.get("CPU", 0) >= cpus and node.get("GPU", 0) >= gpus for node in nodes):
        raise UserError(f"--cpus-per-trial: {cpus} is not allowed with --gpus-per-trial {gpus:g}; no node of this cluster has both")


@contextmanager
def _ray(address: str | None) -> Iterator[None]:
    """A connection to a cluster, or a Ray of our own for the time: no dashboard, bound to this machine, quiet."""
    for name in ("ray", "ray.tune"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what becomes of a trial is told in a line of our own
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
    try:
        if address is None:
            ray_constants.ENABLE_RAY_CLUSTER = False  # or it listens on every network, for nodes that never come
            class_cache.ENV_VARS_TO_PROPAGATE -= AWS_KEYS  # workers here have them anyway, and in a log of Ray's everybody would
            ray.init(address="local", include_dashboard=False, object_store_memory=OBJECT_STORE_BYTES, **quiet)
        else:
            ray.init(address=address, **quiet)
    except Exception as error:  # one of Ray's own is just that
        said = reason(error)
        raise UserError(
            f"Ray cannot be started: {said}" if address is None else f"--ray-address: {address!r} cannot be reached: {said}"
        ) from None
    try:
        yield
    finally:
        ray.shutdown()
