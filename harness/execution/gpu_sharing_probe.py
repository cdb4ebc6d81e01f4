"""Some trials at once on one device, as processes of their own: their speed together and the memory of each."""

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
"""Share of the memory that is left alone: a trial's hundredth step may take a little more than its tenth."""
WARM_UP = 3
"""Steps that are not timed."""
MIN_STEPS = 3
"""Steps that are timed at least, however long they take."""
ENDLESS = 10**9
"""Steps of a trial that is ended from outside."""
READY = "ready"


@dataclass(frozen=True)
class GpuSharing:
    """Some trials at once on one device, as measured."""

    trials: int
    rate: float
    """Tokens a second of all of them together, padding not counted."""
    each: float
    """Memory of each at its largest batch, MiB: of a GPU all that is taken, so also what others take there."""
    total: float
    """Memory of the device, MiB."""

    @property
    def room(self) -> int:
        """How many such trials the memory has room for."""
        return int((1 - HEADROOM) * self.total / self.each)


class DoesNotRunError(Exception):
    """Why so many trials do not run at once."""


def measured(config: TrialConfig, trials: int, scratch: Path, threads: int, seconds: float) -> GpuSharing:
    """Train so many trials at once, each with its share of the device and a seed of its own, and time them from when
    all are warm.

    ``scratch`` keeps tokenised data and made-up Fisher diagonals. Raises ``DoesNotRunError`` where one of them fails.
    """
    spawn = get_context("spawn")  # a fork would share what CUDA and threads cannot
    with ExitStack() as ends:
        pipes: list[Connection] = []
        processes = []
        for number in range(trials):
            here, there = spawn.Pipe()
            one = replace(config, seed=config.seed + number).to_json()
            process = spawn.Process(target=_child, args=(there, one, scratch, trials, threads, seconds), daemon=True)
            process.start()
            there.close()  # or the end of the process would not be the end of the pipe
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
    """What a process sends; raises ``DoesNotRunError`` for an error, and where it has died."""
    try:
        found = pipe.recv()
    except (EOFError, ConnectionError):
        raise DoesNotRunError("its process died, as it does where memory is short") from None
    if isinstance(found, DoesNotRunError):
        raise found
    return found


def _child(pipe: Connection, config: dict[str, Any], cache: Path, trials: int, threads: int, seconds: float) -> None:
    """What each of the processes does; sends ``READY`` once it is warm, waits for an answer, and sends what it
    measured."""
    try:
        os.environ["TOKENIZERS_PARALLELISM"] = "false"
        # One device a trial: with several, transformers would train on all. CUDA has not been looked for yet.
        os.environ["CUDA_VISIBLE_DEVICES"] = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0]
        logging.set_verbosity_error()
        arithmetic.settle(threads)
        memory.reset_peak()
        if torch.cuda.is_available():
            torch.cuda.set_per_process_memory_fraction(1 / trials)  # as a trial on Ray
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
    """Random numbers for the Fisher diagonals that a trial needs: what they are changes neither its time nor its
    memory."""
    cache = context.cache
    for request in diagonal_files.requests(context.config, context.encoder, context.origin):
        (cache / request.name).parent.mkdir(parents=True, exist_ok=True)
        with FileLock((cache / request.name).with_suffix(".lock")):
            if not diagonal_files.is_stored(request, cache):
                made_up = {name: torch.rand_like(theta) for name, theta in context.pretrained.anchor.items()}
                diagonal_files.save(request, made_up, cache)


def take_largest(trainer: PenaltyTrainer, task: Task[Any], precision: str) -> None:
    """Take the memory that the largest batches of training and of scoring take, and what a method keeps by the last
    step. The weights move by a few steps, which a probe does not mind."""
    model, rows, tokenizer = trainer.model, trainer.train_dataset, trainer.processing_class
    assert isinstance(model, PreTrainedModel)
    assert isinstance(rows, Dataset)
    assert isinstance(tokenizer, PreTrainedTokenizerBase)
    lengths = rows.data.column("input_ids").combine_chunks().value_lengths().to_numpy()
    longest_first = (-lengths).argsort(kind="stable")
    part = rows.select(longest_first[: max(1, max_tokens(model) // int(lengths[longest_first[0]]))])

    trainer.train_dataset = rows.select(longest_first[: trainer.args.per_device_train_batch_size])
    stop = StopAfter(WARM_UP)  # the first step has no optimizer's state yet
    trainer.add_callback(stop)
    trainer.train()
    trainer.remove_callback(stop)
    trainer.train_dataset = rows
    predict(model, Encoded(part, [], 0.0, tokenizer), task, precision=precision)
    for callback in trainer.callback_handler.callbacks:
        if isinstance(callback, AverageLast):
            callback.add(model)


class StopAfter(TrainerCallback):
    """Ends a training after some steps."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def on_step_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        control.should_training_stop = state.global_step >= self.steps


class Stopwatch(TrainerCallback):
    """Ends a training some time after it is warm, and sends how far it came."""

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
            self.pipe.recv()  # until the others have measured too, what this one takes stays taken
            control.should_training_stop = True

    def _send(self) -> None:
        _wait()
        took = time.perf_counter() - self.start
        each, total = _taken(self.trials)
        tokens = self.trainer.tokens_seen - self.tokens
        self.pipe.send({"tokens": tokens, "seconds": took, "each": each, "total": total})


def _wait() -> None:
    """For what the device has been told to do."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def _taken(trials: int) -> tuple[float, float]:
    """Memory of one of so many trials and of the device, MiB."""
    if torch.cuda.is_available():
        free, total = torch.cuda.mem_get_info()
        return (total - free) / trials / 2**20, total / 2**20
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return memory.peak()["resident"], total / 2**20
