"""Construction of a trial's trainer from its context.

The trainer has a fresh model with the method, the training data, and the setting as ``transformers`` arguments.
"""

import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import torch
from datasets import Dataset
from torch import Tensor
from transformers import PreTrainedModel, PrinterCallback, TrainingArguments

from harness.compat.trainer import on_one_device
from harness.compat.transformers import recompute_activations
from harness.data.context import TrialContext
from harness.data.subsets import training_rows
from harness.data.tokenised import sub_words
from harness.encoders import dropout, loading, trimmed_embedding
from harness.encoders.half_copies import copy_together
from harness.encoders.loading import Pretrained
from harness.fisher import diagonal_files
from harness.methods.fisher_mask import FisherMask
from harness.methods.penalty import Term
from harness.study import Setting, TrialConfig
from harness.training import packed_batches
from harness.training.fp32_head import keep_head_in_fp32
from harness.training.hyperparameters.batches import ByLength
from harness.training.hyperparameters.label_loss import class_weights, label_loss
from harness.training.hyperparameters.optimizers import OPTIMIZERS, uncorrected
from harness.training.parallel.group import Group
from harness.training.trainer import PenaltyTrainer
from harness.training.varlen import is_packed, train_packed

WINDOWS = 50
"""Largest number of windows in the learning history, evenly over the steps."""


def build_trainer(context: TrialContext, group: Group | None = None) -> PenaltyTrainer:
    """The trainer of a trial, with a fresh model and encoded training data.

    ``group`` has the processes that train together; ``None`` if this process trains alone.
    """
    config, shared = context.config, context.pretrained
    tokenizer = context.encoded("train", config.source).tokenizer
    rows = training_rows(context)
    model = _fresh(context, rows, tokenizer.pad_token_id)
    shared = loading.restarted(model, shared, config.method.restarts(model, shared), _init_seed(config))
    config.method.adapt(model, shared)
    setting = config.setting
    if setting.gradient_checkpointing:
        recompute_activations(model)
    weights = class_weights(setting, rows, context.task.labels)
    relabels = weights is not None or setting.label_smoothing > 0
    collator = context.task.collator(tokenizer)
    fitting = is_packed(model) and group is None  # processes divide a padded batch by its rows
    if fitting and packed_batches.can_train(model, collator, context.task, config.method, config.precision):
        collator = packed_batches.collator(model, collator)
        copy_together(model)
    trainer = PenaltyTrainer(
        task=context.task,
        method=config.method,
        setting=setting,
        loss=partial(label_loss, weights=weights, smoothing=setting.label_smoothing) if relabels else context.task.loss,
        terms=_terms(context),
        anchor=shared.anchor,
        rates=_rates(context, model, shared),
        weights=weights,
        order=ByLength(rows, setting.batch_size, _data_seed(config)) if setting.batches == "by_length" else None,
        group=group,
        shard=config.shard,
        model=model,
        args=on_one_device(training_arguments(setting, config.seed, config.precision)),
        optimizer_cls_and_kwargs=None if setting.bias_correction else uncorrected(setting),
        train_dataset=rows,
        data_collator=collator,
        processing_class=tokenizer,
    )
    trainer.remove_callback(PrinterCallback)  # standard output belongs to the progress display
    for callback in config.method.callbacks():
        if isinstance(callback, FisherMask):
            callback.examples = trainer.examples
            callback.agreed = None if group is None else group.same_
        trainer.add_callback(callback)
    return trainer


def _fresh(context: TrialContext, rows: Dataset, padding: int | None) -> PreTrainedModel:
    """A copy of the pretrained encoder, with only the embeddings that ``rows`` use if trimming is wanted and exact."""
    config = context.config
    setting = config.setting
    exact = not config.method.has_optimizer and trimmed_embedding.can_trim(
        context.pretrained.model, setting.weight_decay, setting.optimizer
    )
    used = _ids(rows, padding) if config.trim_vocabulary and exact else None
    model = loading.fine_tunable(context.encoder, context.origin.task, _init_seed(config), used)
    dropout.set_dropout(model, setting)
    context.task.prepare(model)
    keep_head_in_fp32(model, config.precision)
    train_packed(model)
    return model


def _rates(context: TrialContext, model: PreTrainedModel, shared: Pretrained) -> dict[str, float]:
    """Share of the learning rate by parameter name: the method's share times the head's."""
    setting = context.config.setting
    rates = context.config.method.rates(model, shared)
    if (head := setting.head_learning_rate) is None:
        return rates
    # Not ``shared.fresh``, which has restarted layers of the encoder too.
    own = dict.fromkeys(context.pretrained.fresh, head / setting.learning_rate)
    return rates | {name: share * rates.get(name, 1.0) for name, share in own.items()}


def _init_seed(config: TrialConfig) -> int:
    """The seed of the weights without a θ*."""
    return config.seed if config.setting.init_seed is None else config.setting.init_seed


def _data_seed(config: TrialConfig) -> int:
    """The seed of the order of the training rows."""
    return config.seed if config.setting.data_seed is None else config.setting.data_seed


def _terms(context: TrialContext) -> list[Term]:
    """The method's terms, with the Fisher diagonals that it asks for."""
    needed = diagonal_files.requests(context.config, context.encoder, context.origin)
    return context.config.method.terms([diagonal_files.stored(request, context.cache) for request in needed])


def _ids(rows: Dataset, padding: int | None) -> Tensor:
    """The ids in encoded rows and their padding, ascending."""
    return torch.from_numpy(np.union1d(sub_words(rows), [] if padding is None else [padding]).astype(np.int64))


def training_arguments(setting: Setting, seed: int, precision: str) -> TrainingArguments:
    """A setting as ``transformers`` arguments. ``Trainer`` itself writes nothing to disk and evaluates nothing."""
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
        data_seed=seed if setting.data_seed is None else setting.data_seed,
        bf16=precision == "bf16",
        fp16=precision == "fp16",
        use_cpu=not torch.cuda.is_available(),
        optim=OPTIMIZERS[setting.optimizer],
        optim_args=f"momentum={setting.momentum!r}" if setting.momentum else None,
        adam_beta1=setting.beta1,
        adam_beta2=setting.beta2,
        adam_epsilon=setting.epsilon,
        label_names=["labels"],
        logging_steps=1 / WINDOWS,
        logging_nan_inf_filter=False,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        dataloader_pin_memory=torch.cuda.is_available(),
        # Otherwise the copy of each batch would wait for the step before.
        accelerator_config={"non_blocking": torch.cuda.is_available()},
    )
