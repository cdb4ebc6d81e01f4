"""One step of each method and of its Fisher diagonal, tried before the first trial.

The step uses the real weights and two real examples. It finds faults that appear only when code runs.
"""

import inspect
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np
import torch
from transformers import PreTrainedModel

from harness.common.errors import UserError, reason
from harness.common.machine import memory
from harness.data import tokenised
from harness.data.origin import Origin
from harness.data.tokenised import Encoded
from harness.encoders import loading, pinning, trimmed_embedding
from harness.encoders.pinning import Encoder
from harness.fisher.diagonal import diagonal
from harness.fisher.windows import windows
from harness.methods import Method
from harness.methods.batch import Batch
from harness.methods.fisher_estimate import Estimate
from harness.study import Setting, TrialConfig
from harness.tasks import task_named
from harness.training.evaluation import predict
from harness.training.varlen import train_packed

EXAMPLES = 2


def try_first_step(trials: list[TrialConfig], *, local: bool) -> None:
    """Tokenise two training examples, and take steps on them on the CPU.

    Each method takes a training step and a scoring step. For one trial per method, each Fisher diagonal takes one step
    on two windows of its own text. With ``local``, trials run in this process, so the pretrained weights stay in
    memory. Raises ``UserError`` if a step fails. A lack of memory is no error.
    """
    first = trials[0]
    encoder, origin = pinning.pinned(first.encoder, first.encoder_revision), Origin.of(first)
    longest = max(trial.setting.max_length for trial in trials)
    methods = {trial.method.arm: (trial.method, trial.setting) for trial in trials}.values()
    with suppress(MemoryError, torch.OutOfMemoryError):  # memory of this process; a trial's machine may have more
        _try(encoder, origin, first.source, longest, [*methods])
    if not local:
        loading.forget()
        memory.trim()


def _try(
    encoder: Encoder, origin: Origin, source: str, longest: int, methods: Sequence[tuple[Method, Setting]]
) -> None:
    try:
        part = tokenised.sample(origin, source, encoder, longest, EXAMPLES)
    except Exception as error:
        of = f"{EXAMPLES} examples of {task_named(origin.task).name!r}"
        raise _failed(f"the tokenizer of {encoder.path!r} on {of}", error) from None
    for method, setting in methods:
        try:
            _step(encoder, origin, part, method, setting)
        except Exception as error:
            raise _failed(f"a step of {method.label} with {encoder.path!r} on {EXAMPLES} examples", error) from None
    for estimate in dict.fromkeys(_few(estimate) for method, _ in methods for estimate in method.estimates()):
        try:
            _fisher_step(encoder, estimate, origin)
        except Exception as error:
            raise _failed(f"the Fisher diagonal of {encoder.path!r} on {EXAMPLES} windows of text", error) from None


def _few(estimate: Estimate) -> Estimate:
    """The estimate from a few windows of one language, more than a step needs: some may have no masked token."""
    return replace(estimate, languages=estimate.languages[:1], examples=min(4 * EXAMPLES, estimate.examples))


def _fisher_step(encoder: Encoder, estimate: Estimate, origin: Origin) -> None:
    try:
        found = windows(encoder, estimate, origin)
    except UserError:  # too few windows, or none with a masked token; the whole text has been checked before
        return
    examples = [window for window in found if len(window.masked)][:EXAMPLES]
    diagonal(loading.masked_language_model(encoder), examples, estimate.estimator)


def _step(encoder: Encoder, origin: Origin, part: Encoded, method: Method, setting: Setting) -> None:
    """A fresh model's forward and backward pass, a step of the method's own optimizer, if any, and predictions."""
    shared, task = loading.pretrained(encoder, origin.task), task_named(origin.task)
    used = _ids(part) if not method.has_optimizer and trimmed_embedding.can_trim(shared.model, 0.0) else None
    model = loading.fine_tunable(encoder, origin.task, 0, used)
    task.prepare(model)
    train_packed(model)
    shared = loading.restarted(model, shared, method.restarts(model, shared), 0)
    method.adapt(model, shared)
    takes = inspect.signature(model.forward).parameters.keys() | {"labels"}
    features = [{name: row[name] for name in row if name in takes} for row in part.rows]
    batch = task.collator(part.tokenizer)(features)
    model.train()
    labels = batch.pop("labels")
    _loss(model, Batch(batch, labels, task, task.loss), method).backward()
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    group = {"params": weights, "lr": setting.learning_rate, "weight_decay": setting.weight_decay}
    if (optimizer := method.optimizer([group], setting)) is not None:
        optimizer.step()
    predict(model, part, task)


def _loss(model: PreTrainedModel, batch: Batch, method: Method) -> torch.Tensor:
    """The loss of a batch with the method's own loss. Raises ``UserError`` if the method's loss is not finite."""
    outputs = batch.outputs(model)
    loss, own = batch.task_loss(outputs), method.loss(model, batch, outputs)
    if own is None:
        return loss
    if not own.isfinite():
        raise UserError(
            f"methods: the loss of {method.label} is {float(own.detach())} on {EXAMPLES} examples; it must be finite"
        )
    return own if method.replaces_loss else loss + own


def _ids(part: Encoded) -> torch.Tensor:
    used = np.union1d(tokenised.sub_words(part.rows), [part.tokenizer.pad_token_id])
    return torch.from_numpy(used.astype(np.int64))


def _failed(what: str, error: Exception) -> Exception:
    """The error to raise in place of the error that ended a step."""
    if isinstance(error, UserError | MemoryError | torch.OutOfMemoryError):
        return error
    return UserError(f"encoder: {what} fails: {type(error).__name__}: {reason(error)}")
