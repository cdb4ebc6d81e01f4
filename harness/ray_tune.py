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
from harness.time_limit import TimeLimitError, over

OBJECT_STORE_BYTES = 100 * 2**20
"""Nothing large passes between processes: workers get the trials' configs once, and leave their results in the store."""
AWS_KEYS = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN"}
"""Variables that Tune gives to workers on other machines by name and value."""
NUMBER = "trial"
"""What a trial's config in Tune consists of: its number in the list of trials."""


TOGETHER, AGAIN, ALONE = range(3)
"""In what company a trial runs: all of them, those whose worker was lost the first time, and one by itself."""


def run_on_ray(trials: list[TrialConfig], store: Store, resources: Resources, progress: SweepProgress, *, keep_weights: bool) -> None:
    """Run the trials; each one's end goes to ``progress``.

    A trial whose worker is lost (killed, crashed, its node gone) is run again once the others are done, from its last checkpoint, and
    then once more alone; one that lacked memory is run again alone at once, with a whole GPU. Who is lost alone too has failed. Where Ray
    ends a worker because the node's memory is short, Tune gives up all that run: those count as lacking memory, and the others go on.
    Exceptions are another matter: they would come again, and a trial that raises one has failed.
    """
    stages: list[list[TrialConfig]] = [list(trials), [], []]
    while any(stages):
        waiting = [trial for stage in stages for trial in stage]
        with ready(waiting, store, resources, progress.console) as (place, gpus, scratch):
            given = replace(resources, gpus=gpus)
            while any(stages) and _run_stage(stages, store, place, given, scratch, progress, keep_weights):
                pass


def _run_stage(
    stages: list[list[TrialConfig]],
    store: Store,
    place: str,
    resources: Resources,
    scratch: str,
    progress: SweepProgress,
    keep_weights: bool,
) -> bool:
    """Run those who are next, and leave in ``stages`` who is still to run; whether Ray is fit for more."""
    stage = next(number for number, waiting in enumerate(stages) if waiting)
    batch = stages[stage] if stage < ALONE else stages[stage][:1]
    watch = Watch(batch, store, progress, resources.minutes, last_try=stage == ALONE)
    fit = True
    try:
        _run(batch, watch, place, replace(resources, gpus=1.0) if stage == ALONE and resources.gpus else resources, scratch, keep_weights)
    except RuntimeError as error:
        loss, fit = Loss.of_node(error), False
        if not watch.running:  # no trial is at fault
            raise
        for trial in [trial for trial in batch if trial.id in watch.running]:
            watch.lose(trial, loss)
    stages[stage] = [trial for trial in batch if trial.id in watch.open] + stages[stage][len(batch) :]
    for trial, loss in watch.lost:
        stages[ALONE if loss.of_memory else stage + 1].append(trial)
    return fit


def _run(trials: list[TrialConfig], watch: "Watch", place: str, resources: Resources, scratch: str, keep_weights: bool) -> None:
    """Run trials by Tune."""
    worker = tune.with_parameters(
        Worker, trials=[trial.to_json() for trial in trials], place=place, resources=resources, keep_weights=keep_weights
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
    of_memory: bool = False
    of_time: bool = False

    @classmethod
    def of_worker(cls, trial: Trial, seconds: float, minutes: float | None) -> "Loss":
        """The loss of a trial's worker after so many seconds, where a trial may take some minutes."""
        # Tune's own get_error() looks where the file will be brought later.
        said = Path(trial.error_file).read_text(encoding="utf-8").splitlines()[1:] if trial.error_file else []
        trace = "\n".join(said)
        if minutes is not None and seconds >= 60 * minutes:  # it has ended itself, see harness.time_limit
            return cls(f"{TimeLimitError.__name__}: {over(minutes)}", trace, of_time=True)
        return cls(f"the worker was lost: {' '.join(trace.split()) or 'it left no message'}", trace)

    @classmethod
    def of_node(cls, error: RuntimeError) -> "Loss":
        """The loss of all that ran when Ray ended a worker as its node was low on memory, as Tune raises it. Raises any other error."""
        if not isinstance(error.__cause__, ray.exceptions.RayError):
            raise error
        return cls(str(error.__cause__).strip().splitlines()[0], "".join(traceback.format_exception(error)), of_memory=True)


class Watch(tune.Callback):
    """Passes Tune's events on to the progress display, and keeps which trials were lost; on the ``last_try`` they have failed."""

    def __init__(self, trials: list[TrialConfig], store: Store, progress: SweepProgress, minutes: float | None, *, last_try: bool) -> None:
        self.trials = trials
        self.store = store
        self.progress = progress
        self.minutes = minutes
        self.last_try = last_try
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
        if ended.lacked_memory and not self.last_try:
            self.lose(config, Loss(ended.error, "", of_memory=True))
        else:
            self._end(config, ended)

    def on_trial_error(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        config = self._config(trial)
        if config.id in self.open:
            self.lose(config, Loss.of_worker(trial, time.monotonic() - self.running[config.id], self.minutes))

    def lose(self, config: TrialConfig, loss: Loss) -> None:
        """A trial has come to nothing."""
        if self.last_try or loss.of_time:
            self._end(config, failed(config, self.store, loss.error, loss.trace))
        else:
            self._close(config)
            self.lost.append((config, loss))
            self.progress.lost(config, loss.error)

    def _config(self, trial: Trial) -> TrialConfig:
        return self.trials[trial.config[NUMBER]]

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
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what becomes of a trial is told in a line of our own
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
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
