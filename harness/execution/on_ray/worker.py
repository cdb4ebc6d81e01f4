"""Set-up of a Ray worker's process: its share of a GPU, users' code, its garbage collector and its trial thread."""

import gc
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

from harness.common.users import own_code
from harness.study import TrialConfig


def code_of(trials: Iterable[TrialConfig]) -> own_code.Bundle:
    """The code of users' tasks, metrics and methods that trials need. Workers get the files' content."""
    return own_code.packed({file: name for trial in trials for file, name in trial.own_files.items()})


def take_gpu(gpus: float) -> None:
    """Limit this worker to its share of a GPU."""
    if gpus == 0:
        os.environ["CUDA_VISIBLE_DEVICES"] = ""  # Ray leaves GPUs visible to a worker without GPUs
    elif gpus < 1:
        import torch

        if torch.cuda.is_available():  # Ray's accelerators may be invisible to torch
            torch.cuda.set_per_process_memory_fraction(gpus)  # Ray does not enforce fractions itself


@lru_cache(maxsize=1)
def settle() -> None:
    """Let garbage collection skip everything that this worker's first trial has loaded.

    Every training begins with a collection, which would otherwise visit hundreds of thousands of objects of libraries
    and data.
    """
    gc.collect()
    gc.freeze()


@lru_cache(maxsize=1)
def worker_thread() -> ThreadPoolExecutor:
    """The only thread of this process that runs the trials of a search.

    Tune calls a function in a new thread for every trial. Memory that was freed in one thread's malloc arena is not
    reused by another thread.
    """
    return ThreadPoolExecutor(1, thread_name_prefix="trial")
