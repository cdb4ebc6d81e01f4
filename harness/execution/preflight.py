"""Checks before the first trial, for faults that would make every trial of a study fail."""

import copy
from collections.abc import Iterable
from dataclasses import replace

from harness.checks import example_check, tokenizer_check
from harness.common.errors import UserError, bad
from harness.common.machine.cores import cores
from harness.data.origin import Origin
from harness.encoders import dropout, loading, pinning, trimmed_embedding
from harness.encoders.encoder_files import config
from harness.encoders.loading import Pretrained
from harness.encoders.pinning import Encoder
from harness.execution.resources import Resources
from harness.fisher import supply
from harness.fisher.windows import windows
from harness.methods import Method
from harness.study import Setting, TrialConfig
from harness.tasks import TaskName
from harness.training import precision
from harness.training.parallel import shards

BY_LANGUAGE = frozenset(("xmod",))
"""Kinds of encoder (``model_type``) that need to know the language of their input."""


def check(trials: list[TrialConfig], resources: Resources) -> None:
    """Raise ``UserError`` if the encoder, the text or this machine does not meet a trial's demands.

    Loads no weights.
    """
    check_room(resources)
    _check_parts(trials, resources)
    shards.check(trials)
    if resources.ray_address is None:  # a cluster has other devices
        for word in {trial.precision for trial in trials}:
            precision.check(word, gpu=precision.gpu_here(resources.gpus))
    first = trials[0]
    check_encoder(
        pinning.pinned(first.encoder, first.encoder_revision),
        Origin.of(first).task,
        max(trial.setting.max_length for trial in trials),
        {trial.method.arm: trial.method for trial in trials}.values(),
        dict.fromkeys(trial.setting for trial in trials),
    )
    tokenizer_check.check(*_read_by_tokenizer(trials))
    for request in supply.needed(trials):
        windows(request.encoder, request.estimate, request.origin)  # a text may be too short


def warnings(trials: list[TrialConfig]) -> list[str]:
    """Sentences on likely mistakes: targets with many unknown sub-words, and suspicious data."""
    encoder, origin, source, targets = _read_by_tokenizer(trials)
    parts = example_check.parts_of(origin, source, targets)
    return [*tokenizer_check.warnings(encoder, origin, targets), *example_check.warnings(parts)]


def _read_by_tokenizer(trials: list[TrialConfig]) -> tuple[Encoder, Origin, str, tuple[str, ...]]:
    """The encoder of some trials, the origin of their data, the source and all targets."""
    first = trials[0]
    targets = tuple(dict.fromkeys(language for trial in trials for language in trial.targets))
    return pinning.pinned(first.encoder, first.encoder_revision), Origin.of(first), first.source, targets


def check_room(resources: Resources) -> None:
    """Refuse a trial that needs more resources than this machine has. On a cluster, Ray checks this later."""
    if resources.ray_address is not None:
        return
    import torch

    asked = (
        ("--cpus-per-trial", resources.cpus, cores()),
        ("--gpus-per-trial", resources.gpus or 0, torch.cuda.device_count()),
    )
    for flag, wanted, there in asked:
        if wanted > there:
            raise UserError(f"{flag}: {wanted:g} is not allowed; this machine has {there:g}")
    if resources.together > cores():
        raise UserError(
            f"{resources.option}: {resources.together} is not allowed; each process of a trial needs a CPU core, and "
            f"this machine has {cores()}"
        )


def _check_parts(trials: list[TrialConfig], resources: Resources) -> None:
    """Refuse more processes than a batch has examples."""
    smallest = min(trial.setting.batch_size // trial.setting.accumulation for trial in trials)
    if resources.together > smallest:
        raise bad(
            resources.option,
            resources.together,
            f"at most {smallest}: each process trains its part of a batch, and the smallest batch has {smallest} "
            "examples (batch_size / accumulation)",
        )


def check_encoder(
    encoder: Encoder, task: TaskName, max_length: int, methods: Iterable[Method], settings: Iterable[Setting] = ()
) -> None:
    """Refuse an encoder that a trial could not use. The weights are not loaded.

    Raises ``UserError`` if a file is damaged, weights are missing, or ``max_length`` exceeds the encoder's limit. Also
    raises it if the encoder does not support a method, a setting's dropout or its gradient checkpointing.
    """
    if config(encoder).get("model_type") in BY_LANGUAGE:
        raise UserError(
            f"encoder: {encoder.path!r} sends each language through an adapter of its own (X-MOD), and steadytune "
            "would send all languages through the same adapter; give another encoder"
        )
    outline = loading.outline(encoder, task)
    pieces, rows = len(loading.tokenizer(encoder)), trimmed_embedding.size(outline.model)
    if pieces > rows:
        raise UserError(
            f"encoder: the tokenizer of {encoder.path!r} has {pieces} pieces, and the model has embeddings for {rows}"
        )
    positions = loading.positions(outline.model)
    most = min(loading.tokenizer(encoder).model_max_length, positions)
    if max_length > most:
        raise bad("max_length", max_length, f"at most {most}, the limit of the encoder {encoder.path!r}")
    asked = {(one.hidden_dropout, one.attention_dropout, one.head_dropout): one for one in settings}
    asked.pop((None, None, None), None)
    for setting in asked.values():
        dropout.set_dropout(copy.deepcopy(outline.model), setting)
    if any(setting.gradient_checkpointing for setting in settings):
        _check_recomputing(outline)
    for method in methods:
        if max_length + method.virtual_tokens > positions:
            room = positions - method.virtual_tokens
            raise bad(
                "max_length",
                max_length,
                f"at most {room}: the encoder takes {positions} tokens, and {method.label} uses "
                f"{method.virtual_tokens} of them",
            )
        _rehearse(method, outline)
        if method.estimates():
            loading.masked_language_model_outline(encoder)


def _check_recomputing(outline: Pretrained) -> None:
    """Refuse gradient checkpointing with an encoder that does not support it."""
    if not outline.model.supports_gradient_checkpointing:
        kind = outline.model.config.model_type
        raise UserError(f"gradient_checkpointing: an encoder of the kind {kind!r} cannot do it; leave the field out")


def _rehearse(method: Method, outline: Pretrained) -> None:
    """Adapt a model without weights, in the same way as a trial adapts the real model."""
    adapted = copy.deepcopy(outline.model)
    outline = replace(outline, fresh=outline.fresh | method.restarts(adapted, outline))
    method.adapt(adapted, outline)
    method.rates(adapted, outline)
    method.callbacks()
    anchor = outline.anchor
    moving = any(parameter.requires_grad for name, parameter in adapted.base_model.named_parameters() if name in anchor)
    if any(part.pulls for part in method.parts) and not moving:
        raise UserError(
            f"methods: {method.label} do not go together: the weights to hold near their pretrained values are frozen"
        )
