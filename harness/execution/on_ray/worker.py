"""Set-up of a Ray worker's process: its share of a GPU, its garbage collector and its thread."""

import gc
import os
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache


def take_gpu(gpus: float) -> None:
    """Keep this worker to its share."""
    if gpus == 0:
        os.environ["CUDA_VISIBLE_DEVICES"] = ""  # Ray leaves GPUs visible to those that asked for none
    elif gpus < 1:
        import torch

        if torch.cuda.is_available():  # a cluster may have told Ray of accelerators that torch cannot see
            torch.cuda.set_per_process_memory_fraction(gpus)  # Ray's fractions are bookkeeping only


@lru_cache(maxsize=1)
def settle() -> None:
    """Spare the garbage collector what this worker's first trial has loaded: every training begins with a collection,
    and hundreds of thousands of objects of libraries and data would be looked at each time."""
    gc.collect()
    gc.freeze()


@lru_cache(maxsize=1)
def worker_thread() -> ThreadPoolExecutor:
    """The one thread of this process that runs the trials of a search. Tune calls a function in a new thread for every
    trial, and memory freed in one thread's malloc arena does not serve the next."""
    return ThreadPoolExecutor(1, thread_name_prefix="trial")
