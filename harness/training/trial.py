"""One trial without Ray: from its config to the result of the fine-tuned and scored model."""

import math
import time
from functools import partial
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel

from harness.common import sources
from harness.common.errors import UserError
from harness.common.hashing import check_unchanged
from harness.common.machine import arithmetic, memory, signals
from harness.common.provenance import Provenance, provenance
from harness.data.context import TrialContext
from harness.data.origin import Origin
from harness.encoders import trimmed_embedding
from harness.store.heartbeats import Progress
from harness.store.record import SPLITS, Record, Score, ScoredCheckpoint, Scores, TrialCost
from harness.store.result import Scored, TrialResult
from harness.study import TrialConfig
from harness.tasks import task_named
from harness.tasks.metrics import measure_of
from harness.training import footprint, precision
from harness.training import weights as kept
from harness.training.best_checkpoint import BestOnDev
from harness.training.building import build_trainer
from harness.training.evaluation import dev_score, score
from harness.training.follow import Follow, history
from harness.training.parallel.group import Group
from harness.training.parallel.peers import Peers
from harness.training.rungs import Rungs
from harness.training.rungs_callback import AtRungs
from harness.training.trainer import PenaltyTrainer
from harness.training.training_state import TrainingStates


def run_trial(
    config: TrialConfig,
    *,
    cache: Path,
    threads: int = 1,
    weights: Path | None = None,
    rungs: Rungs | None = None,
    states: TrainingStates | None = None,
    progress: Progress | None = None,
) -> TrialResult:
    """Fine-tune and score one trial on this process's device.

    Args:
        config: The trial. With the same ``threads`` it gives identical scores on a CPU.
        cache: Folder that keeps tokenised data and Fisher diagonals between trials.
        threads: Number of CPU threads of each process.
        weights: Folder for the fine-tuned model and its tokenizer, for ``from_pretrained``; ``None`` to keep neither.
        rungs: Receives dev scores during training, and may raise ``Stopped``.
        states: The trial's training states. An interrupted training resumes from the last state. A training adds
            states, with ``rungs`` one after each score.
        progress: Receives the trial's progress, for other threads to see.

    Returns:
        The trial's record, learning history, and gold and predicted labels.

    Raises:
        UserError: The data has changed since the trial was planned. Or the trial goes on from another trial's weights,
            and ``rungs`` is ``None``.
        LostProcessError: One of several processes that train the trial has died.
    """
    arithmetic.settle(threads)
    memory.reset_peak()
    start = time.perf_counter()
    if config.course and rungs is None:
        raise UserError("trial: it goes on from another trial's weights, and only its tuner has them")
    progress = progress or Progress()
    precision.check(config.precision, gpu=torch.cuda.is_available())
    context = TrialContext.of(config, cache)
    with Peers(config, cache, threads, resumes=states is not None) as peers:
        context.tokenise()
        group = peers.join()
        trainer = build_trainer(context, group)
        assert isinstance(trainer.model, PreTrainedModel)
        best = select_on_dev(trainer, context, group)
        if rungs is not None:
            trainer.add_callback(AtRungs(rungs, partial(dev_score, context=context), save=states is not None))
        trainer.add_callback(Follow(progress, lambda: trainer.tokens_seen))
        prepared = time.perf_counter()
        try:
            with signals.deferred():
                trainer.resume(states)
                size = _size(trainer, context)
                if best is not None and best.keep:
                    best.load(trainer.model)
                config.method.finish(trainer.model)
                trainer.free()
            trained = time.perf_counter()
            scored = score(trainer.model, context, progress)
        except KeyboardInterrupt:
            trainer.keep_end()
            raise
    ended = time.perf_counter()
    if weights is not None:
        kept.save(trainer.model, context, weights)
    rows = history(trainer.state)
    cost = TrialCost(**_spent(trainer, start, prepared, trained, ended), peak_memory_mib=memory.peak(), **size)
    selected = _selected(trainer, best)
    return TrialResult(made_record(config, scored, rows, selected, cost, provenance()), rows, scored)


def select_on_dev(trainer: PenaltyTrainer, context: TrialContext, group: Group | None = None) -> BestOnDev | None:
    """Let the trainer follow the source's dev set, if the trial asks for the best weights or for early stopping.

    In a group, process 0 scores and keeps the best weights. The other processes receive the scores, and so stop at the
    same step.
    """
    config = context.config
    keep, patience = config.checkpoint == "best", config.setting.early_stopping
    if not keep and patience is None:
        return None
    check_unchanged("data: the dev data", config.dev_data, config.selected_on)
    leads = group is None or group.leads

    def scored(model: PreTrainedModel) -> float:
        if group is None:
            return dev_score(model, context)
        found: float = group.told(dev_score(model, context) if leads else None)
        return found

    best = BestOnDev(
        scored, whole=trainer.whole, keep=keep and leads, patience=patience, sign=context.task.measure.sign
    )
    trainer.add_callback(best)
    return best


def _selected(trainer: PenaltyTrainer, best: BestOnDev | None) -> ScoredCheckpoint:
    """The step whose weights are scored, with the dev scores that selected it."""
    if best is None:
        return ScoredCheckpoint(step=trainer.state.global_step)
    step = best.step if best.keep else trainer.state.global_step
    return ScoredCheckpoint(step=step, dev={str(step): score for step, score in best.scores.items()})


def _size(trainer: PenaltyTrainer, context: TrialContext) -> dict[str, Any]:
    """Sizes at the end of a training: trained parameters, and the method's memory and largest pull."""
    model, pretrained, config = trainer.model, context.pretrained, context.config
    assert isinstance(model, PreTrainedModel)
    sides = (trainer.penalty, trainer.decay, trainer.annealed)
    moves = any(parameter.requires_grad for parameter in model.get_input_embeddings().parameters())
    extra = footprint.extra_bytes(model, pretrained, (*sides, *trainer.callback_handler.callbacks))
    largest = max((side.largest() for side in sides if side is not None), default=0.0)
    return {
        "trained_embeddings": trimmed_embedding.size(model) if moves else 0,
        "extra_memory_mib": extra / 2**20,
        "largest_pull": config.setting.learning_rate * largest,
        **footprint.sizes(model, pretrained),
    }


def _spent(trainer: PenaltyTrainer, start: float, prepared: float, trained: float, ended: float) -> dict[str, Any]:
    """Time, steps and tokens of a trial, from the moments at which its parts ended."""
    training = trainer.earlier + trained - prepared
    tokens = trainer.tokens_seen
    return {
        "seconds": trainer.earlier + ended - start,
        "preparation_seconds": prepared - start,
        "training_seconds": training,
        "evaluation_seconds": ended - trained,
        "steps": trainer.state.global_step,
        "resumed_at": tuple(trainer.resumed_at),
        "training_tokens": tokens,
        "tokens_per_second": tokens / training,
    }


def made_record(
    config: TrialConfig,
    scored: list[Scored],
    history: list[dict[str, float]],
    checkpoint: ScoredCheckpoint | None,
    cost: TrialCost,
    origin: Provenance,
) -> Record:
    """The record of a trial: its scores, the values that follow from them, and the given parts.

    A trial has diverged if a loss or gradient is not finite. With fp16 only losses count: loss scaling lets gradients
    overflow now and then, and skips their steps.
    """
    task = task_named(Origin.of(config).task)
    scores = Scores(*({part.language: part.score for part in scored if part.split == split} for split in SPLITS))
    finite = ("loss",) if config.precision == "fp16" else ("loss", "grad_norm")
    targets = [scores.test[language].metrics[task.metric] for language in config.targets]
    return Record(
        id=config.id,
        config=config.to_json(),
        metric=task.metric,
        measure=task.measure if task.measure != measure_of(task.metric) else None,
        scorer=task.scorer,
        scores=scores,
        zero_shot=sum(targets) / len(targets),
        collapsed=all(_collapsed(scores.test[language]) for language in sources.parts(config.source)),
        diverged=not all(math.isfinite(row[key]) for row in history for key in finite),
        checkpoint=checkpoint,
        cost=cost,
        provenance=origin,
    )


def _collapsed(source: Score) -> bool:
    """Whether the model has collapsed on the source's test set; see ``Record.collapsed``."""
    if (judged := source.label_counts or source.number_fit) is not None:
        return judged.collapsed
    assert source.majority is not None
    return source.metrics["accuracy"] <= source.majority
