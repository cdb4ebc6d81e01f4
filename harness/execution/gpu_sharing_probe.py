"""Several trials at once on one device, each in its own process: their joint speed and the memory of each."""

import os
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from filelock import FileLock
from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback
from transformers.utils import logging

from harness.common.errors import UserError
from harness.common.machine import arithmetic, memory
from harness.data.context import TrialContext
from harness.data.tokenised import Encoded
from harness.encoders.library_errors import MAX_REASON
from harness.fisher import diagonal_files
from harness.methods.averaging import AverageLast
from harness.study import TrialConfig
from harness.tasks import Task
from harness.training.building import build_trainer
from harness.training.evaluation import max_tokens, predict
from harness.training.trainer import PenaltyTrainer

HEADROOM = 0.1
"""Share of the memory that stays free: a trial's hundredth step may take a little more than its tenth."""
WARM_UP = 3
"""Number of steps before the timing."""
MIN_STEPS = 3
"""Smallest number of timed steps, however long they take."""
ENDLESS = 10**9
"""Number of steps of a trial that ``Stopwatch`` ends."""
READY = "ready"


@dataclass(frozen=True)
class GpuSharing:
    """Measured speed and memory of several trials at once on one device."""

    trials: int
    rate: float
    """Tokens per second of all trials together, without padding."""
    each: float
    """Memory of each trial at its largest batch, in MiB. On a GPU this includes the memory of other programs."""
    total: float
    """Memory of the device, in MiB."""

    @property
    def room(self) -> int:
        """Number of these trials that fit into the memory."""
        return int((1 - HEADROOM) * self.total / self.each)


class DoesNotRunError(Exception):
    """The reason why this number of trials does not run at once."""


def measured(config: TrialConfig, trials: int, scratch: Path, threads: int, seconds: float) -> GpuSharing:
    """Train a number of trials at once. The timing begins when all trials are warm, and lasts at least ``seconds``.

    Each trial has its share of the device and its own seed. ``scratch`` keeps tokenised data and made-up Fisher
    diagonals. Raises ``DoesNotRunError`` if a trial fails.
    """
    spawn = get_context("spawn")  # CUDA and threads cannot be shared by a fork
    with ExitStack() as ends:
        pipes: list[Connection] = []
        processes = []
        for number in range(trials):
            here, there = spawn.Pipe()
            one = replace(config, seed=config.seed + number).to_json()
            process = spawn.Process(target=_child, args=(there, one, scratch, trials, threads, seconds), daemon=True)
            process.start()
            there.close()  # otherwise the pipe would stay open after the process ends
            ends.callback(process.join)
            ends.callback(process.terminate)
            pipes.append(here)
            processes.append(process)
        for pipe in pipes:
            _received(pipe)
        for pipe in pipes:
            pipe.send(READY)
        found = [_received(pipe) for pipe in pipes]
        for pipe in pipes:
            pipe.send(READY)
        ends.pop_all()
        for process in processes:
            process.join()
    rate = sum(one["tokens"] / one["seconds"] for one in found)
    return GpuSharing(trials, rate, max(one["each"] for one in found), found[0]["total"])


def _received(pipe: Connection) -> Any:
    """The next message of a process. Raises ``DoesNotRunError`` if the process sends an error or has died."""
    try:
        found = pipe.recv()
    except (EOFError, ConnectionError):
        raise DoesNotRunError("a process died, for example for lack of memory") from None
    if isinstance(found, DoesNotRunError):
        raise found
    return found


def _child(pipe: Connection, config: dict[str, Any], cache: Path, trials: int, threads: int, seconds: float) -> None:
    """Train in a child process.

    The process sends ``READY`` once it is warm, waits for an answer, and sends its measurement.
    """
    try:
        os.environ["TOKENIZERS_PARALLELISM"] = "false"
        # One device per trial, because transformers would train on all visible devices. CUDA is not initialised yet.
        os.environ["CUDA_VISIBLE_DEVICES"] = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0]
        logging.set_verbosity_error()
        arithmetic.settle(threads)
        memory.reset_peak()
        if torch.cuda.is_available():
            torch.cuda.set_per_process_memory_fraction(1 / trials)  # like a trial on Ray
        trial = TrialConfig.from_json(config)
        endless = replace(trial.setting, epochs=None, max_steps=ENDLESS)
        context = TrialContext.of(replace(trial, setting=endless), cache)
        stand_in(context)
        trainer = build_trainer(context)
        take_largest(trainer, context.task, trial.precision)
        trainer.add_callback(Stopwatch(pipe, trainer, trials, seconds))
        trainer.train()
    except Exception as error:
        kind = "" if isinstance(error, UserError) else f"{type(error).__name__}: "
        pipe.send(DoesNotRunError(kind + " ".join(str(error).split())[:MAX_REASON]))


def stand_in(context: TrialContext) -> None:
    """Write random numbers as a trial's Fisher diagonals, because their values change neither time nor memory."""
    cache = context.cache
    for request in diagonal_files.requests(context.config, context.encoder, context.origin):
        (cache / request.name).parent.mkdir(parents=True, exist_ok=True)
        with FileLock((cache / request.name).with_suffix(".lock")):
            if not diagonal_files.is_stored(request, cache):
                made_up = {name: torch.rand_like(theta) for name, theta in context.pretrained.anchor.items()}
                diagonal_files.save(request, made_up, cache)


def take_largest(trainer: PenaltyTrainer, task: Task[Any], precision: str) -> None:
    """Take as much memory as a whole trial takes at its peak.

    Runs the largest batches of training and of scoring, and makes the mean of the weights if a method averages them. A
    few steps change the weights, which does not matter to a measurement.
    """
    model, rows, tokenizer = trainer.model, trainer.train_dataset, trainer.processing_class
    assert isinstance(model, PreTrainedModel)
    assert isinstance(rows, Dataset)
    assert isinstance(tokenizer, PreTrainedTokenizerBase)
    lengths = rows.data.column("input_ids").combine_chunks().value_lengths().to_numpy()
    longest_first = (-lengths).argsort(kind="stable")
    part = rows.select(longest_first[: max(1, max_tokens(model) // int(lengths[longest_first[0]]))])

    trainer.train_dataset = rows.select(longest_first[: trainer.args.per_device_train_batch_size])
    stop = StopAfter(WARM_UP)  # the optimizer has no state before the first step
    trainer.add_callback(stop)
    trainer.train()
    trainer.remove_callback(stop)
    trainer.train_dataset = rows
    predict(model, Encoded(part, [], 0.0, tokenizer), task, precision=precision)
    for callback in trainer.callback_handler.callbacks:
        if isinstance(callback, AverageLast):
            callback.add(model)


class StopAfter(TrainerCallback):
    """Ends a training after a number of steps."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def on_step_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        control.should_training_stop = state.global_step >= self.steps


class Stopwatch(TrainerCallback):
    """Ends a training some time after the warm-up, and sends tokens, time and memory."""

    def __init__(self, pipe: Connection, trainer: PenaltyTrainer, trials: int, seconds: float) -> None:
        self.pipe = pipe
        self.trainer = trainer
        self.trials = trials
        self.seconds = seconds
        self.start = 0.0
        self.tokens = 0

    def on_step_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        if state.global_step == WARM_UP:
            _wait()
            self.pipe.send(READY)
            self.pipe.recv()
            self.start, self.tokens = time.perf_counter(), self.trainer.tokens_seen
        elif state.global_step >= WARM_UP + MIN_STEPS and time.perf_counter() - self.start >= self.seconds:
            self._send()
            self.pipe.recv()  # keep this trial's memory until the others have measured too
            control.should_training_stop = True

    def _send(self) -> None:
        _wait()
        took = time.perf_counter() - self.start
        each, total = _taken(self.trials)
        tokens = self.trainer.tokens_seen - self.tokens
        self.pipe.send({"tokens": tokens, "seconds": took, "each": each, "total": total})


def _wait() -> None:
    """Wait until the device has finished its queued work."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def _taken(trials: int) -> tuple[float, float]:
    """Memory of one of ``trials`` trials, and memory of the device, in MiB."""
    if torch.cuda.is_available():
        free, total = torch.cuda.mem_get_info()
        return (total - free) / trials / 2**20, total / 2**20
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return memory.peak()["resident"], total / 2**20
