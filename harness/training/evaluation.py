"""Zero-shot scoring: predictions and metrics for every language."""

import inspect
import math
from collections.abc import Iterator, Sequence
from statistics import fmean
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from harness.common import sources
from harness.common.errors import UserError
from harness.common.hashing import digest
from harness.data.context import TrialContext
from harness.data.row_batches import RowBatches
from harness.data.tokenised import Encoded
from harness.store.heartbeats import Progress
from harness.store.record import Score
from harness.store.result import Scored
from harness.tasks import Task
from harness.training.precision import autocast

MAX_TOKENS = {"cpu": 1024, "cuda": 32768}
"""Largest number of tokens in a batch, padding included, by type of device.

On a CPU, small batches keep their activations in its cache. They are a quarter to a third faster than batches of 4096
tokens. A GPU needs large batches to be busy.
"""


def score(model: PreTrainedModel, context: TrialContext, progress: Progress | None = None) -> list[Scored]:
    """Scores on the source's dev and test sets and on every target's test set. ``progress`` counts these sets."""
    source, targets = context.config.source, context.config.targets
    constant = context.task.constant(context.encoded("train", source).gold)
    found = []
    told = progress or Progress()
    told.begin("scoring", 2 * len(sources.parts(source)) + len(targets), unit="data set")

    def scored(split: str, language: str) -> Scored:
        one = _score(model, context, split, language, constant)
        told.step += 1
        return one

    for split, others in (("dev", ()), ("test", targets)):
        ours = [scored(split, language) for language in sources.parts(source)]
        mean = [_mean(source, ours)] if len(ours) > 1 else []
        found += [*ours, *mean, *(scored(split, language) for language in others)]
    return found


def dev_score(model: PreTrainedModel, context: TrialContext) -> float:
    """The score in the task's metric on the source's dev set, averaged over several source languages."""
    languages = sources.parts(context.config.source)
    scores = [_score(model, context, "dev", language, None).score for language in languages]
    return fmean(score.metrics[context.task.metric] for score in scores)


def _score(model: PreTrainedModel, context: TrialContext, split: str, language: str, constant: int | None) -> Scored:
    part, task = context.encoded(split, language), context.task
    guesses = task.gather(part.gold, part.rows, predict(model, part, task, precision=context.config.precision))
    found = Score(
        metrics=_metrics(task, language, part.gold, guesses),
        majority=_share(constant, part.gold) if constant is not None else None,
        label_counts=task.counts(language, part.gold, guesses, part.rows),
        number_fit=task.fit(part.gold, guesses),
        unknown=part.unknown,
        examples=len(part.gold),
        fingerprint=context.fingerprint(split, language),
    )
    return Scored(split, language, part.gold, guesses, found)


def _mean(source: str, parts: Sequence[Scored]) -> Scored:
    """The mean of the scores of several source languages, without gold and predicted labels."""
    scores = [part.score for part in parts]
    found = Score(
        metrics={name: fmean(score.metrics[name] for score in scores) for name in scores[0].metrics},
        examples=sum(score.examples for score in scores),
        fingerprint=digest([score.fingerprint for score in scores]),
    )
    return Scored(parts[0].split, source, [], [], found)


def _metrics(task: Task[Any], language: str, gold: list[list[Any]], predicted: list[list[Any]]) -> dict[str, float]:
    """A task's scores. Raises ``UserError`` if a required metric is missing or not finite."""
    found = task.scores_in(language, gold, predicted)
    for name in (task.metric, *task.other_metrics):
        if not math.isfinite(found.get(name, math.nan)):
            raise UserError(f"task: the scores of {task.name!r} lack a finite {name!r}; they have {found}")
    return found


def _share(label: int, gold: Sequence[Sequence[int]]) -> float:
    """Share (%) of a label among the gold labels."""
    return 100 * sum(labels.count(label) for labels in gold) / sum(map(len, gold))


@torch.inference_mode()
def predict(model: PreTrainedModel, part: Encoded, task: Task[Any], *, precision: str = "fp32") -> list[Any]:
    """The answer to each row, in the form of ``Task.row_answers``.

    Rows are batched longest first, with at most ``max_tokens`` padded tokens a batch. The answers follow the order of
    ``part.rows``. No batch mixes splits, so the rounding of a language's logits does not depend on the other languages.
    """
    model.eval()
    takes = inspect.signature(model.forward).parameters.keys() - {"labels"}
    rows = RowBatches(part.rows, takes, task.read_by_answers, part.tokenizer)
    lengths = rows.lengths
    results: list[Any] = [None] * len(lengths)
    for batch in _batches(lengths, max_tokens(model)):
        padded = {name: _moved(tensor, model.device) for name, tensor in rows.padded(batch).items()}
        with autocast(precision, model.device.type):
            outputs = model(**padded)
        answers = task.row_answers(outputs, [rows.row(i) for i in batch])
        for i, answer in zip(batch, answers, strict=True):
            results[i] = answer
    return results


def _moved(tensor: Tensor, device: torch.device) -> Tensor:
    """A tensor on a device. A GPU copies the tensor while it computes the batch before."""
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)


def max_tokens(model: PreTrainedModel) -> int:
    """Largest number of tokens in a batch on a model's device, padding included."""
    return MAX_TOKENS.get(model.device.type, MAX_TOKENS["cuda"])


def _batches(lengths: Sequence[int], limit: int) -> Iterator[list[int]]:
    """Batches of row indices, longest first, of at most ``limit`` padded tokens. A longer row is a batch of its own."""
    order = sorted(range(len(lengths)), key=lambda i: lengths[i], reverse=True)
    start = 0
    while start < len(order):
        size = max(1, limit // lengths[order[start]])
        yield order[start : start + size]
        start += size
