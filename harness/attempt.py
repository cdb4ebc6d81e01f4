"""One attempt at a trial: run it, and leave a record or a failure in the store. Both ways of running a study go through here."""

import os
import sys
import traceback
from contextlib import nullcontext
from dataclasses import dataclass, replace

from harness.errors import UserError, without_credentials
from harness.resources import Resources
from harness.rungs import Rungs, Stopped
from harness.store import Record, Store
from harness.study import TrialConfig
from harness.time_limit import time_limit


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


def attempt(config: TrialConfig, store: Store, resources: Resources, keep_weights: bool = False, rungs: Rungs | None = None) -> Attempt:
    """Run a trial, from its last checkpoint where it was cut short, or score its kept weights, and write its result.

    An exception is recorded with its traceback and stops no other trial. ``rungs`` is told dev scores along the way; where it stops the
    trial, nothing is written and ``Stopped`` is raised.
    """
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # a trial has its own threads, and tokenizers warns of forks
    # In bf16 on a CPU it would keep 1024 kernels, gigabytes: nearly every batch has a number of tokens of its own.
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")
    try:
        with time_limit(resources.minutes, may_exit=not resources.local):
            record = _rescored(config, store, resources.cpus) or _trained(config, store, resources, keep_weights, rungs)
    except Stopped:
        raise
    except Exception as error:
        ended = failed(config, store, f"{type(error).__name__}: {error}", traceback.format_exc())
        return replace(ended, lacked_memory=_is_of_memory(error))
    source = record["scores"]["test"][config.source][record["metric"]]
    return Attempt(config.id, record["cost"]["seconds"], source, record["zero_shot"])


def _trained(config: TrialConfig, store: Store, resources: Resources, keep_weights: bool, rungs: Rungs | None) -> Record:
    from harness import fishers
    from harness.resuming import Checkpoints
    from harness.trial import run_trial

    for request in fishers.needed([config]):
        fishers.provide(request, store, resources.cpus)
    # A search tells its rungs of every score once, in order: its trials begin anew.
    checkpoints = Checkpoints(store, config.id, 60 * resources.checkpoint_minutes) if rungs is None else None
    with store.scratch(config.id) if keep_weights else nullcontext() as folder:
        result = run_trial(config, cache=store.cache, threads=resources.cpus, weights=folder, rungs=rungs, checkpoints=checkpoints)
        store.save(config, result, folder)
    return result.record


def _is_of_memory(error: Exception) -> bool:
    if isinstance(error, MemoryError):
        return True
    torch = sys.modules.get("torch")  # what has not imported it cannot have run out of its memory
    return torch is not None and isinstance(error, torch.OutOfMemoryError)


def _rescored(config: TrialConfig, store: Store, threads: int) -> Record | None:
    """The trial's new record from its kept weights; ``None`` where there are none."""
    from harness import weights as kept
    from harness.rescoring import rescore

    before = store.record(config.id)
    if before is None:
        return None
    with store.weights(config.id) as weights:
        if weights is None:
            return None
        try:
            history = store.history(config.id).to_pylist()
            model = kept.load(weights, config)
        except (OSError, ValueError, UserError):  # gone, torn or not to be read: only training again makes a whole record
            return None
    result = rescore(model, config, before, history, cache=store.cache, threads=threads)
    store.save(config, result)
    return result.record


def failed(config: TrialConfig, store: Store, error: str, trace: str) -> Attempt:
    """Record a failure in the store; where even that fails (a full disk), the trial stays missing and the others go on."""
    line = without_credentials(" ".join(error.split()))
    try:
        store.save_failure(config, line, without_credentials(trace))
    except Exception as unwritable:
        line = f"{line} (and the store could not be written: {unwritable})"
    return Attempt(config.id, error=line)
