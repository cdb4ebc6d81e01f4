"""One trial without Ray: config in, fine-tuned and scored model's result out."""

import math
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel, PrinterCallback, TrainingArguments

from harness import data, encoders, encoding, fisher, memory, models
from harness.hashing import check_unchanged
from harness.penalty import Penalty
from harness.provenance import provenance
from harness.scoring import Scored, score
from harness.study import Setting, TrialConfig
from harness.tasks import task_named
from harness.trainer import PenaltyTrainer

WINDOWS = 50
"""Most windows of the learning history, evenly over the steps."""
HISTORY = ("step", "epoch", "loss", "task_loss", "penalty", "learning_rate", "grad_norm")
"""What is kept of each window."""


@dataclass(frozen=True)
class TrialResult:
    """What a finished trial leaves: its record, and the bulk that is stored beside it."""

    record: dict[str, Any]
    """JSON: ``config``, ``scores`` by split and language, ``zero_shot``, ``collapsed``, ``diverged``, ``cost``, ``provenance``."""
    history: list[dict[str, float]]
    """One row a window of steps, with the keys of ``HISTORY``; see ``PenaltyTrainer`` for their meaning."""
    scored: list[Scored]
    """Gold and predicted labels of every example scored."""


def run_trial(config: TrialConfig, *, cache: Path, threads: int = 1) -> TrialResult:
    """Fine-tune and score one trial on this process's device.

    ``cache`` keeps Fisher diagonals between trials. ``threads`` is the number of CPU threads; the same config with the same number
    gives identical scores on a CPU. Raises ``UserError`` for data that is not what the trial was planned with.
    """
    torch.set_num_threads(threads)
    memory.reset_peak()
    start = time.perf_counter()
    _check_inputs(config)
    trainer = build_trainer(config, cache)
    prepared = time.perf_counter()
    trainer.train()
    trained = time.perf_counter()
    assert isinstance(trainer.model, PreTrainedModel)
    scored = score(trainer.model, config)
    ended = time.perf_counter()

    history = [{key: row[key] for key in HISTORY} for row in trainer.state.log_history if "task_loss" in row]
    tokens = trainer.state.num_input_tokens_seen
    cost = {
        "seconds": ended - start,
        "preparation_seconds": prepared - start,
        "training_seconds": trained - prepared,
        "evaluation_seconds": ended - trained,
        "steps": trainer.state.global_step,
        "training_tokens": int(tokens),
        "tokens_per_second": int(tokens) / (trained - prepared),
        "peak_memory_mib": memory.peak(),
    }
    return TrialResult(
        {"config": config.to_json(), **summary(config, scored, history), "cost": cost, "provenance": provenance()}, history, scored
    )


def _check_inputs(config: TrialConfig) -> None:
    """Whether data and text are those that the trial was planned with."""
    training = data.examples(config.task, config.data, "train", config.source)
    check_unchanged("data: the training data", training.fingerprint, config.training_data)
    for language, planned in config.test_data.items():
        found = data.examples(config.task, config.data, "test", language).fingerprint
        check_unchanged(f"data: the test data for {language!r}", found, planned)
    for language, place in config.method.texts().items():
        check_unchanged(f"data: the text for {language!r}", data.text_fingerprint(place, language), config.texts[language])


def summary(config: TrialConfig, scored: list[Scored], history: list[dict[str, float]]) -> dict[str, Any]:
    """The scores of a record and what follows from them.

    ``zero_shot`` is the mean of the targets' scores. ``collapsed``: no better on the source's test set than answering the training
    data's most frequent label everywhere. ``diverged``: a loss or gradient that is not finite.
    """
    metric = task_named(config.task).metric
    scores: dict[str, dict[str, Any]] = {"dev": {}, "test": {}}
    for part in scored:
        extra = {"majority": part.majority, "examples": len(part.gold), "fingerprint": part.fingerprint}
        scores[part.split][part.language] = {**part.metrics, **extra}
    source = scores["test"][config.source]
    targets = [scores["test"][language][metric] for language in config.targets]
    return {
        "metric": metric,
        "scores": scores,
        "zero_shot": sum(targets) / len(targets),
        "collapsed": source["accuracy"] <= source["majority"],
        "diverged": not all(math.isfinite(row[key]) for row in history for key in ("loss", "grad_norm")),
    }


def build_trainer(config: TrialConfig, cache: Path) -> PenaltyTrainer:
    """The trainer of a trial, its model fresh and its training data encoded."""
    task = task_named(config.task)
    encoder = encoders.pinned(config.encoder, config.encoder_revision)
    rows = encoding.rows(config.task, config.data, "train", config.source, encoder, config.setting.max_length)
    model = models.fine_tunable(encoder, config.task, config.seed)

    def language_fisher(language: str, examples: int) -> dict[str, torch.Tensor]:
        return fisher.cached_diagonal(cache, encoder, config.method.texts()[language], language, examples)

    terms = config.method.terms(language_fisher)
    tokenizer = models.tokenizer(encoder)
    trainer = PenaltyTrainer(
        model=model,
        args=training_arguments(config.setting, config.seed, config.precision),
        train_dataset=rows.select_columns(["input_ids", "attention_mask", "labels"]),
        data_collator=task.collator(tokenizer),
        processing_class=tokenizer,
    )
    trainer.remove_callback(PrinterCallback)  # standard output belongs to the progress display
    if terms:
        # Bound only now: the trainer has put the model on its device.
        trainer.penalty = Penalty(model.base_model, models.anchor(encoder, config.task), terms)
    return trainer


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
        use_cpu=not torch.cuda.is_available(),
        optim="adamw_torch_fused",
        logging_steps=1 / WINDOWS,
        logging_nan_inf_filter=False,
        include_num_input_tokens_seen="non_padding",
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        dataloader_pin_memory=torch.cuda.is_available(),
    )
