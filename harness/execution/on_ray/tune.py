"""Trials on Ray Tune: workers that stay warm between trials, on this machine or on a cluster.

Tune only schedules. The store decides which trials are missing, because ``Tuner.restore`` refuses a changed study.
"""

import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from typing import Any

from harness.execution.on_ray.cluster import loss_of_node, ready

# isort: split
from ray import tune
from ray.tune.experiment import Trial
from ray.tune.search.basic_variant import BasicVariantGenerator

from harness.common.machine import signals
from harness.common.users.own_code import Bundle, receive
from harness.compat.ray import our_tuner
from harness.execution.attempt import Attempt, attempt, failed
from harness.execution.on_ray.interruption import listen, passed_on
from harness.execution.on_ray.worker import code_of, settle, take_gpu
from harness.execution.progress import SweepProgress
from harness.execution.resources import Resources
from harness.execution.retries import ALONE, TOGETHER, Loss, Retries, loss_of_worker
from harness.execution.time_limit import GRACE
from harness.store.store import Store
from harness.study import TrialConfig

NUMBER = "trial"
"""The only key of a trial's config in Tune: the trial's index in the list."""


def run_on_ray(
    trials: list[TrialConfig], store: Store, resources: Resources, progress: SweepProgress, *, keep_weights: bool
) -> None:
    """Run the trials, and retry lost trials (see ``harness.execution.retries``). Each end is passed to ``progress``.

    When Ray ends a worker because the node's memory is short, Tune gives up all running trials. These are lost, and the
    other trials continue. A trial that raises an exception has failed: a retry would raise it again. Exceptions from
    lack of memory, or from the death of one of a trial's processes, count as a loss.
    """
    retries = Retries(trials, store)
    with (
        ready(trials, store, resources, progress.console, progress.display) as (place, gpus, scratch),
        passed_on() as name,
        signals.deferred(),
    ):
        while retries:
            batch = retries.take()
            callback = SweepCallback(batch, retries, progress, resources.minutes)
            given = replace(resources, gpus=max(1.0, gpus) if retries.stage == ALONE and gpus else gpus)
            try:
                _run(batch, callback, place, given, scratch, keep_weights, name, wait=retries.stage != TOGETHER)
            except RuntimeError as error:
                if signals.requested():
                    raise KeyboardInterrupt from None
                loss = loss_of_node(error)
                if not callback.running:  # no trial caused the error
                    raise
                for trial in [trial for trial in batch if trial.id in callback.running]:
                    callback.lose(trial, loss)
            retries.put_back([trial for trial in batch if trial.id in callback.open])


def _run(
    trials: list[TrialConfig],
    callback: "SweepCallback",
    place: str,
    resources: Resources,
    scratch: str,
    keep_weights: bool,
    interruption: str,
    *,
    wait: bool,
) -> None:
    """Run trials with Tune.

    ``interruption`` is the name under which a signal is passed on. ``wait`` says whether to wait for trials that
    another process holds.
    """
    worker = tune.with_parameters(
        Worker,
        trials=[trial.to_json() for trial in trials],
        code=code_of(trials),
        place=place,
        resources=resources,
        keep_weights=keep_weights,
        interruption=interruption,
        wait=wait,
    )
    tuner = tune.Tuner(
        tune.with_resources(worker, {"cpu": resources.cores, "gpu": resources.gpus or 0}),
        param_space={NUMBER: tune.randint(0, len(trials))},
        tune_config=tune.TuneConfig(
            # Points instead of a grid: Tune copies all values of a grid for each trial.
            search_alg=BasicVariantGenerator(points_to_evaluate=[{NUMBER: number} for number in range(len(trials))]),
            num_samples=len(trials),
            reuse_actors=True,
            trial_dirname_creator=lambda trial: trial.trial_id,
        ),
        run_config=tune.RunConfig(
            storage_path=tempfile.mkdtemp(dir=scratch),
            name="study",
            verbose=0,
            callbacks=[callback],
            checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
        ),
    )
    with our_tuner():
        tuner.fit()


class Worker(tune.Trainable):
    """Runs one trial after another, each in one step of Tune.

    Its process keeps imported libraries, encoders and data in memory. Every worker receives all trials once, and then
    the index of each trial that it runs. Tune keeps several copies of a trial's config until the end, so the config
    must be small.
    """

    def setup(  # type: ignore[override]  # Tune adds the arguments of with_parameters
        self,
        config: dict[str, Any],
        *,
        trials: Sequence[dict[str, Any]],
        code: Bundle,
        place: str,
        resources: Resources,
        keep_weights: bool,
        interruption: str,
        wait: bool,
    ) -> None:
        listen(interruption)
        assert resources.gpus is not None
        take_gpu(resources.gpus)
        receive(code)
        self.trials = trials
        self.place = place
        self.resources = resources
        self.keep_weights = keep_weights
        self.wait = wait
        self.broken = False

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Continue with another trial, whose config Tune has passed on."""
        return True

    def step(self) -> dict[str, Any]:
        """Run one attempt and return its summary."""
        if self.broken:
            os._exit(1)  # this process can no longer use its GPU: the trial is retried in another process
        trial = TrialConfig.from_json(self.trials[self.config[NUMBER]])
        # The store exists already. A node that does not see it must fail instead of keeping results to itself.
        store = Store(self.place, create=False)
        try:
            with signals.interruptible():
                ended = attempt(trial, store, self.resources, self.keep_weights, wait=self.wait)
        except KeyboardInterrupt:
            ended = Attempt(trial.id, interrupted=True)
        self.broken = ended.broke_device
        settle()
        return {**asdict(ended), "done": True}


class SweepCallback(tune.Callback):
    """Passes Tune's events to the progress display, and lost trials to the retries."""

    def __init__(
        self, trials: list[TrialConfig], retries: Retries, progress: SweepProgress, minutes: float | None
    ) -> None:
        self.trials = trials
        self.retries = retries
        self.progress = progress
        self.minutes = minutes
        self.open = {trial.id for trial in trials}
        """Ids of the trials that have not come back from a worker."""
        self.running: dict[str, float] = {}
        """Start time of each running trial, by id."""
        self.interrupted: set[str] | None = None
        """Ids of the trials that ran when a signal came."""

    def __getstate__(self) -> dict[str, Any]:
        """Empty, because a terminal cannot be pickled.

        Tune pickles callbacks for ``Tuner.restore``, which is never called.
        """
        return {}

    def on_step_begin(self, iteration: int, trials: list[Trial], **info: Any) -> None:
        """Raise ``KeyboardInterrupt`` after a signal, once all trials that ran then have ended."""
        if not signals.requested():
            return
        if self.interrupted is None:
            self.interrupted = set(self.running)
        if not self.interrupted & self.running.keys():
            raise KeyboardInterrupt

    def on_trial_start(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        config = self._config(trial)
        self.running[config.id] = time.monotonic()
        self.progress.started(config)

    def on_trial_result(
        self, iteration: int, trials: list[Trial], trial: Trial, result: dict[str, Any], **info: Any
    ) -> None:
        if result.get("id") not in self.open:
            return
        config, ended = self._config(trial), Attempt(**{field.name: result[field.name] for field in fields(Attempt)})
        if ended.interrupted:
            self._close(config)
            self.progress.interrupted(config)
        elif ended.held_elsewhere:
            self._close(config)
            self.progress.put_off(config)
            self.retries.put_off(config)
        elif ended.lacked_memory or ended.lost_process:
            failure = self.retries.store.failure(config.id)
            trace = failure.traceback if failure is not None else ""
            self.lose(config, Loss(ended.error, trace, of_memory=ended.lacked_memory))
        else:
            self._end(config, ended)

    def on_trial_error(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        config = self._config(trial)
        if config.id in self.open:
            now = time.monotonic()
            began = self.running.get(config.id, now)  # a worker may die before its trial begins
            self.lose(config, loss_of_worker(trial.error_file, now - began, self.minutes, GRACE))

    def lose(self, config: TrialConfig, loss: Loss) -> None:
        """Handle a trial that came back without a result."""
        if signals.requested():  # a signal to all processes ends workers too
            self._close(config)
            self.progress.interrupted(config)
        elif self.retries.lose(config, loss):
            self._close(config)
            self.progress.lost(config, loss.error)
        else:
            self._end(config, failed(config, self.retries.store, loss.error, loss.trace))

    def _config(self, trial: Trial) -> TrialConfig:
        number: int = trial.config[NUMBER]
        return self.trials[number]

    def _end(self, config: TrialConfig, ended: Attempt) -> None:
        self._close(config)
        self.progress.ended(config, ended)

    def _close(self, config: TrialConfig) -> None:
        self.open.discard(config.id)
        self.running.pop(config.id, None)
