"""One trial without Ray: config in, fine-tuned and scored model's result out."""

import math
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from datasets import Dataset
from torch import Tensor
from transformers import PreTrainedModel, PrinterCallback, TrainingArguments

from harness.common import memory
from harness.common.hashing import check_unchanged
from harness.common.provenance import Provenance, provenance
from harness.data.origin import Origin
from harness.data.subsets import training_rows
from harness.data.tokenised import encoded, sub_words, tokenise
from harness.encoders import loading, pinning, trimmed_embedding
from harness.fisher import diagonal_files
from harness.methods.penalty import Penalty
from harness.store.record import SPLITS, Record, ScoredCheckpoint, Scores, TrialCost
from harness.store.result import HISTORY, Scored, TrialResult
from harness.study import Setting, TrialConfig
from harness.tasks import code_fingerprint, task_named
from harness.training import footprint, precision
from harness.training import weights as kept
from harness.training.best_checkpoint import BestOnDev
from harness.training.evaluation import dev_score, score
from harness.training.rungs import Rungs
from harness.training.rungs_callback import AtRungs
from harness.training.trainer import PenaltyTrainer
from harness.training.training_state import Checkpoints
from harness.training.varlen import train_unpadded

WINDOWS = 50
"""Most windows of the learning history, evenly over the steps."""


def run_trial(
    config: TrialConfig,
    *,
    cache: Path,
    threads: int = 1,
    weights: Path | None = None,
    rungs: Rungs | None = None,
    checkpoints: Checkpoints | None = None,
) -> TrialResult:
    """Fine-tune and score one trial on this process's device.

    ``cache`` keeps tokenised data and Fisher diagonals between trials. ``threads`` is the number of CPU threads; the
    same config with the same number gives identical scores on a CPU. ``weights`` is a folder for the fine-tuned model
    and its tokenizer, as ``from_pretrained`` reads them; ``None`` to keep neither. ``rungs`` is told dev scores along
    the way, and may raise ``Stopped``. ``checkpoints`` has what the trial goes on from where it was cut short, and is
    given the state of the training as it goes. Raises ``UserError`` for data that is not what the trial was planned
    with.
    """
    torch.set_num_threads(threads)
    memory.reset_peak()
    start = time.perf_counter()
    precision.check(config.precision, gpu=torch.cuda.is_available())
    check_code(config)
    encoder = pinning.pinned(config.encoder, config.encoder_revision)
    tokenise(config, encoder, cache)
    trainer = build_trainer(config, cache)
    assert isinstance(trainer.model, PreTrainedModel)
    pretrained = loading.pretrained(encoder, Origin.of(config).task)
    sizes = footprint.sizes(trainer.model, pretrained)
    best = _select_on_dev(trainer, config, cache)
    if rungs is not None:
        trainer.add_callback(AtRungs(rungs, lambda model: dev_score(model, config, cache)))
    prepared = time.perf_counter()
    trainer.resume(checkpoints)
    moves = any(parameter.requires_grad for parameter in trainer.model.get_input_embeddings().parameters())
    trained_embeddings = trimmed_embedding.size(trainer.model) if moves else 0
    sides = (trainer.penalty, trainer.decay)
    extra = footprint.extra_bytes(trainer.model, pretrained, (*sides, *trainer.callback_handler.callbacks))
    if best is not None:
        best.load(trainer.model)
    config.method.finish(trainer.model)
    trainer.free()
    trained = time.perf_counter()
    scored = score(trainer.model, config, cache)
    ended = time.perf_counter()
    if weights is not None:
        kept.save(trainer.model, config, weights)

    history = [{key: row[key] for key in HISTORY} for row in trainer.state.log_history if "task_loss" in row]
    steps = trainer.state.global_step
    tokens = trainer.tokens_seen
    training = trainer.earlier + trained - prepared
    cost = TrialCost(
        seconds=trainer.earlier + ended - start,
        preparation_seconds=prepared - start,
        training_seconds=training,
        evaluation_seconds=ended - trained,
        steps=steps,
        resumed_at=tuple(trainer.resumed_at),
        training_tokens=tokens,
        tokens_per_second=tokens / training,
        peak_memory_mib=memory.peak(),
        trained_embeddings=trained_embeddings,
        extra_memory_mib=extra / 2**20,
        largest_pull=config.setting.learning_rate
        * max((side.largest() for side in sides if side is not None), default=0.0),
        **sizes,
    )
    selected = (
        ScoredCheckpoint(step=steps)
        if best is None
        else ScoredCheckpoint(step=best.step, dev={str(step): score for step, score in best.scores.items()})
    )
    return TrialResult(made_record(config, scored, history, selected, cost, provenance()), history, scored)


def check_code(config: TrialConfig) -> None:
    """Refuse a user's task that is no longer the one that the trial was planned with. The data is checked where it is
    tokenised."""
    check_unchanged(f"task: {config.task_file}", code_fingerprint(config.task_file), config.task_code)


def _select_on_dev(trainer: PenaltyTrainer, config: TrialConfig, cache: Path) -> BestOnDev | None:
    """Let the trainer keep the best weights on the source's dev set, where the trial asks for them."""
    if config.checkpoint != "best":
        return None
    check_unchanged("data: the dev data", config.dev_data, config.selected_on)
    best = BestOnDev(lambda model: dev_score(model, config, cache))
    trainer.add_callback(best)
    return best


def made_record(
    config: TrialConfig,
    scored: list[Scored],
    history: list[dict[str, float]],
    checkpoint: ScoredCheckpoint | None,
    cost: TrialCost,
    origin: Provenance,
) -> Record:
    """The record of a trial: its scores and what follows from them, beside what is given.

    ``collapsed``: no better on the source's test set than answering the training data's most frequent label everywhere;
    of all that data with its own labels, whatever the setting makes of it. ``diverged``: a loss or gradient that is not
    finite; of fp16 a loss, as loss scaling lets gradients overflow now and then and skips their steps.
    """
    metric = task_named(Origin.of(config).task).metric
    scores = Scores(*({part.language: part.score for part in scored if part.split == split} for split in SPLITS))
    source = scores.test[config.source]
    finite = ("loss",) if config.precision == "fp16" else ("loss", "grad_norm")
    targets = [scores.test[language].metrics[metric] for language in config.targets]
    assert source.majority is not None
    return Record(
        id=config.id,
        config=config.to_json(),
        metric=metric,
        scores=scores,
        zero_shot=sum(targets) / len(targets),
        collapsed=source.metrics["accuracy"] <= source.majority,
        diverged=not all(math.isfinite(row[key]) for row in history for key in finite),
        checkpoint=checkpoint,
        cost=cost,
        provenance=origin,
    )


def build_trainer(config: TrialConfig, cache: Path) -> PenaltyTrainer:
    """The trainer of a trial, its model fresh and its training data encoded."""
    origin = Origin.of(config)
    encoder = pinning.pinned(config.encoder, config.encoder_revision)
    tokenizer = encoded(config, "train", config.source, encoder, cache).tokenizer
    rows = training_rows(config, encoder, cache)
    trims = config.trim_vocabulary and trimmed_embedding.can_trim(
        loading.pretrained(encoder, origin.task).model, config.setting.weight_decay
    )
    used = _ids(rows, tokenizer.pad_token_id) if trims else None
    model = loading.fine_tunable(encoder, origin.task, config.seed, used)
    train_unpadded(model)

    shared = loading.pretrained(encoder, origin.task)
    config.method.adapt(model, shared)
    terms = config.method.terms([diagonal_files.stored(request, cache) for request in diagonal_files.requests(config)])
    trainer = PenaltyTrainer(
        rates=config.method.rates(model, shared),
        model=model,
        args=training_arguments(config.setting, config.seed, config.precision),
        train_dataset=rows,
        data_collator=task_named(origin.task).collator(tokenizer),
        processing_class=tokenizer,
    )
    trainer.remove_callback(PrinterCallback)  # standard output belongs to the progress display
    for callback in config.method.callbacks():
        trainer.add_callback(callback)
    # Bound only now: the trainer has put the model on its device.
    coupled, decoupled = ([term for term in terms if term.decoupled is kind] for kind in (False, True))
    trainer.penalty, trainer.decay = (
        Penalty(model.base_model, shared.anchor, side) if side else None for side in (coupled, decoupled)
    )
    return trainer


def _ids(rows: Dataset, padding: int | None) -> Tensor:
    """The ids that encoded rows and their padding use, ascending."""
    return torch.from_numpy(np.union1d(sub_words(rows), [] if padding is None else [padding]).astype(np.int64))


def training_arguments(setting: Setting, seed: int, precision: str) -> TrainingArguments:
    """A setting in ``transformers``' words. Nothing is written to disk and nothing is evaluated while training."""
    schedule = {"constant": "constant_with_warmup"}.get(setting.schedule, setting.schedule)
    return TrainingArguments(
        output_dir=str(Path(tempfile.gettempdir()) / "steadytune"),
        learning_rate=setting.learning_rate,
        warmup_steps=setting.warmup_steps,
        num_train_epochs=setting.epochs if setting.epochs is not None else 3.0,
        max_steps=setting.max_steps if setting.max_steps is not None else -1,
        per_device_train_batch_size=setting.batch_size // setting.accumulation,
        gradient_accumulation_steps=setting.accumulation,
        lr_scheduler_type=schedule,
        weight_decay=setting.weight_decay,
        max_grad_norm=setting.max_grad_norm,
        seed=seed,
        data_seed=seed,
        bf16=precision == "bf16",
        fp16=precision == "fp16",
        use_cpu=not torch.cuda.is_available(),
        optim="adamw_torch_fused",
        logging_steps=1 / WINDOWS,
        logging_nan_inf_filter=False,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        dataloader_pin_memory=torch.cuda.is_available(),
        accelerator_config={
            "non_blocking": torch.cuda.is_available()
        },  # or every batch's copy waits for the step before
    )
