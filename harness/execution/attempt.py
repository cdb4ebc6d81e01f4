"""One attempt at a trial: run it, and leave a record or a failure in the store. Both ways of running a study go through
here."""

import os
import re
import traceback
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

from harness.common.errors import UserError, without_credentials
from harness.common.machine import environment
from harness.execution.resources import Resources
from harness.execution.time_limit import time_limit
from harness.store.record import Record, covers
from harness.store.store import Store
from harness.study import TrialConfig
from harness.training.rungs import Rungs, Stopped

NO_MEMORY = re.compile("out of memory|can't allocate memory|ALLOC_FAILED", re.IGNORECASE)
"""What torch says of memory that there is not, a GPU's or a CPU's; by its class alone no such error can be told from
others."""
BROKEN_DEVICE = re.compile("CUDA error")
"""What torch says of a GPU that this process can use no more, whatever it tries."""


@dataclass(frozen=True)
class Attempt:
    """How an attempt ended, for the progress display."""

    id: str
    seconds: float = 0.0
    source: float = float("nan")
    """Source test score × 100."""
    zero_shot: float = float("nan")
    """Mean of the targets' scores × 100."""
    error: str = ""
    """One line where the trial failed, empty where it finished."""
    lacked_memory: bool = False
    """Whether it failed for want of memory, this process's or a GPU's."""
    broke_device: bool = False
    """Whether it failed in a way that leaves this process's GPU unusable."""
    held_elsewhere: bool = False
    """Whether another process is at the trial, and nothing was done."""

    @classmethod
    def finished(cls, record: Record) -> "Attempt":
        source = record.in_metric("test")[record.identity.source]
        return cls(record.id, record.cost.seconds, source, record.zero_shot)


def attempt(
    config: TrialConfig,
    store: Store,
    resources: Resources,
    keep_weights: bool = False,
    rungs: Rungs | None = None,
    *,
    wait: bool = True,
) -> Attempt:
    """Run a trial, from its last training state where there is one, or score its kept weights, and write its result.

    An exception is recorded with its traceback and stops no other trial. ``rungs`` is told dev scores along the way;
    where it stops the trial, nothing is written and ``Stopped`` is raised. Another process that is at the same trial is
    waited for, and what it leaves is the result; or not, without ``wait``: the attempt is then ``held_elsewhere``.
    """
    environment.clear()
    os.environ.setdefault(
        "TOKENIZERS_PARALLELISM", "false"
    )  # a trial has its own threads, and tokenizers warns of forks
    # In bf16 on a CPU it would keep 1024 kernels, gigabytes: nearly every batch has a number of tokens of its own.
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")
    before = store.failure(config.id)
    with store.claim(config.id, wait=wait) as mine:
        if not mine:
            return Attempt(config.id, held_elsewhere=True)
        failure = store.failure(config.id)
        if failure is not None and failure != before:
            return Attempt(config.id, error=failure.error)
        try:
            return _made(config, store, resources, keep_weights, rungs)
        except (Stopped, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # a library in Rust may panic, which is no Exception
            ended = failed(config, store, f"{type(error).__name__}: {error}", traceback.format_exc())
            lacked_memory = isinstance(error, MemoryError) or bool(NO_MEMORY.search(str(error)))
            return replace(
                ended,
                lacked_memory=lacked_memory,
                broke_device=not lacked_memory and bool(BROKEN_DEVICE.search(str(error))),
            )


def _made(config: TrialConfig, store: Store, resources: Resources, keep_weights: bool, rungs: Rungs | None) -> Attempt:
    record = store.record_of(config)
    if record is None or not (covers(record, config) and store.has_tables(record)):
        record = _rescored(config, store, resources) or _trained(config, store, resources, keep_weights, rungs)
    return Attempt.finished(record)


def _trained(
    config: TrialConfig, store: Store, resources: Resources, keep_weights: bool, rungs: Rungs | None
) -> Record:
    from harness.fisher import supply
    from harness.training.training_state import TrainingStates
    from harness.training.trial import run_trial

    # A search tells its rungs of every score once, in order: its trials begin anew.
    states = TrainingStates(store, config.id, 60 * resources.checkpoint_minutes) if rungs is None else None
    with store.scratch(config.id) if keep_weights else nullcontext() as folder:
        with _limited(resources):
            for request in supply.needed([config]):
                supply.provide(request, store, resources.cpus)
            result = run_trial(
                config, cache=store.cache, threads=resources.cpus, weights=folder, rungs=rungs, states=states
            )
        store.save(config, result, folder)
    return result.record


def _limited(resources: Resources) -> AbstractContextManager[None]:
    """The trial's time limit: of the work, not of writing down what came of it."""
    return time_limit(resources.minutes, may_exit=not resources.local)


def _rescored(config: TrialConfig, store: Store, resources: Resources) -> Record | None:
    """The trial's new record from its kept weights; ``None`` where there are none."""
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
        ):  # gone, torn or not to be read: only training again makes a whole record
            return None
    with _limited(resources):
        result = rescore(model, config, before, history, cache=store.cache, threads=resources.cpus)
    store.save(config, result)
    return result.record


def failed(config: TrialConfig, store: Store, error: str, trace: str) -> Attempt:
    """Record a failure in the store; where even that fails (a full disk), the trial stays missing and the others go
    on."""
    line = without_credentials(" ".join(error.split()))
    try:
        store.save_failure(config, line, without_credentials(trace))
    except Exception as unwritable:
        line = f"{line} (and the store could not be written: {unwritable})"
    return Attempt(config.id, error=line)
