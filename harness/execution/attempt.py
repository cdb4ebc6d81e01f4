"""One attempt at a trial: it leaves a record or a failure in the store.

All trials, in this process and on Ray, run through this module.
"""

import os
import re
import traceback
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.common.errors import UserError, lacks_memory, without_credentials
from harness.common.machine import environment
from harness.execution.follow.beating import beating
from harness.execution.resources import Resources
from harness.execution.time_limit import time_limit
from harness.execution.worker_errors import described
from harness.store.heartbeats import Progress
from harness.store.record import Record, covers
from harness.store.store import Store
from harness.study import TrialConfig
from harness.tasks.metrics import measure_of
from harness.training.parallel.lost import LostProcessError
from harness.training.rungs import Rungs, Stopped

if TYPE_CHECKING:
    from harness.training.training_state import TrainingStates

BROKEN_DEVICE = re.compile("CUDA error")
"""Messages of torch's errors after which this process can no longer use its GPU."""


@dataclass(frozen=True)
class Attempt:
    """The end of an attempt, for the progress display. Without a record, ``seconds`` is 0 and the scores are NaN."""

    id: str
    seconds: float = 0.0
    source: float = float("nan")
    """Source test score."""
    zero_shot: float = float("nan")
    """Mean of the targets' scores."""
    error: str = ""
    """The error of a failed trial, on one line; empty if the trial finished."""
    lacked_memory: bool = False
    """Whether the trial failed because this process or a GPU ran out of memory."""
    lost_process: bool = False
    """Whether the trial failed because one of its several processes was killed or crashed."""
    broke_device: bool = False
    """Whether this process can no longer use its GPU after the failure."""
    held_elsewhere: bool = False
    """Whether another process runs the trial. This attempt then did nothing."""
    interrupted: bool = False
    """Whether a signal ended the trial. The trial may have a checkpoint."""
    form: str = ".1f"
    """The format of both scores."""

    @classmethod
    def finished(cls, record: Record) -> "Attempt":
        source = record.in_metric("test")[record.identity.source]
        measure = record.measure or measure_of(record.metric)
        return cls(record.id, record.cost.seconds, source, record.zero_shot, form=measure.brief)


def attempt(
    config: TrialConfig,
    store: Store,
    resources: Resources,
    keep_weights: bool = False,
    rungs: Rungs | None = None,
    *,
    states: "TrainingStates | None" = None,
    wait: bool = True,
) -> Attempt:
    """Run a trial and write its result.

    A finished trial is not run again. An outdated record with kept weights is scored again. Any other trial continues
    from its last training state, if there is one. An exception is recorded with its traceback and stops no other trial.

    Args:
        rungs: Receives dev scores during training. If it stops the trial, nothing is written and ``Stopped`` is raised.
            A trial with rungs but no ``states`` begins at step 1.
        states: Where training states are kept, in place of the store.
        wait: Whether to wait while another process runs the trial. The outcome of that process is then the result.
            Without ``wait``, the attempt returns at once as ``held_elsewhere``.
    """
    environment.clear()
    os.environ.setdefault(
        "TOKENIZERS_PARALLELISM", "false"
    )  # a trial has its own threads, and tokenizers warns of forks
    # In bf16 on a CPU, oneDNN would keep 1024 kernels, which take gigabytes: nearly every batch has a different number
    # of tokens.
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")
    before = store.failure(config.id)
    with store.claim(config.id, wait=wait) as mine:
        if not mine:
            return Attempt(config.id, held_elsewhere=True)
        failure = store.failure(config.id)
        if failure is not None and failure != before:
            return Attempt(config.id, error=failure.error)
        try:
            with beating(store, config.id) as progress:
                return _made(config, store, resources, keep_weights, rungs, states, progress)
        except (Stopped, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # a panic in a Rust library is no Exception
            ended = failed(config, store, described(error), traceback.format_exc())
            lacked_memory = lacks_memory(error)
            return replace(
                ended,
                lacked_memory=lacked_memory,
                lost_process=isinstance(error, LostProcessError) and error.died,
                broke_device=not lacked_memory and bool(BROKEN_DEVICE.search(str(error))),
            )


def _made(
    config: TrialConfig,
    store: Store,
    resources: Resources,
    keep_weights: bool,
    rungs: Rungs | None,
    states: "TrainingStates | None",
    progress: Progress,
) -> Attempt:
    record = store.record_of(config)
    if record is None or not (covers(record, config) and store.has_tables(record)):
        record = _rescored(config, store, resources) or _trained(
            config, store, resources, keep_weights, rungs, states, progress
        )
    return Attempt.finished(record)


def _trained(
    config: TrialConfig,
    store: Store,
    resources: Resources,
    keep_weights: bool,
    rungs: Rungs | None,
    states: "TrainingStates | None",
    progress: Progress,
) -> Record:
    from harness.fisher import supply
    from harness.training.training_state import TrainingStates
    from harness.training.trial import run_trial

    # A search reports each score to its rungs once, in order, so its trials start from the beginning.
    if states is None and rungs is None:
        states = TrainingStates(store, config.id, 60 * resources.checkpoint_minutes)
    with store.scratch(config.id) if keep_weights else nullcontext() as folder:
        with _limited(resources):
            for request in supply.needed([config]):
                supply.provide(request, store, resources.cpus, progress)
            result = run_trial(
                config,
                cache=store.cache,
                threads=resources.threads,
                weights=folder,
                rungs=rungs,
                states=states,
                progress=progress,
            )
        store.save(config, result, folder)
    return result.record


def _limited(resources: Resources) -> AbstractContextManager[None]:
    """The trial's time limit. It covers the work, not the writing of the result."""
    return time_limit(resources.minutes, may_exit=not resources.local)


def _rescored(config: TrialConfig, store: Store, resources: Resources) -> Record | None:
    """The trial's new record, scored from its kept weights; ``None`` without a record or readable weights."""
    from harness.training import weights as kept
    from harness.training.rescoring import rescore

    before = store.record_of(config)
    if before is None:
        return None
    with store.weights(config.id) as weights:
        if weights is None:
            return None
        try:
            history = store.history(config.id).to_pylist()
            model = kept.load(weights, config)
        except (
            OSError,
            ValueError,
            UserError,
        ):  # missing, damaged or unreadable: only a new training makes a complete record
            return None
    with _limited(resources):
        result = rescore(model, config, before, history, cache=store.cache, threads=resources.cpus)
    store.save(config, result)
    return result.record


def failed(config: TrialConfig, store: Store, error: str, trace: str) -> Attempt:
    """Record a failure in the store.

    If the failure cannot be written, as on a full disk, the trial stays missing and the other trials continue.
    """
    line = without_credentials(" ".join(error.split()))
    try:
        store.save_failure(config, line, without_credentials(trace))
    except Exception as unwritable:
        line = f"{line} (and the store could not be written: {unwritable})"
    return Attempt(config.id, error=line)
