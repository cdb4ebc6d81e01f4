"""Zero-shot scoring: predictions and metrics for every language."""

import inspect
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from transformers import PreTrainedModel

from harness.common.errors import UserError
from harness.data.context import TrialContext
from harness.data.tokenised import Encoded
from harness.store.label_counts import of_examples
from harness.store.record import Score
from harness.store.result import Scored
from harness.tasks import Task
from harness.training.precision import autocast

MAX_TOKENS = {"cpu": 1024, "cuda": 4096}
"""Largest number of tokens in a batch, padding included, by type of device.

On a CPU, small batches keep their activations in its cache. They are a quarter to a third faster than 4096 tokens.
"""


def score(model: PreTrainedModel, context: TrialContext) -> list[Scored]:
    """Scores of the source's dev and test sets and of every target's test set."""
    source, targets = context.config.source, context.config.targets
    most_frequent = _most_frequent(context.encoded("train", source).gold)
    parts = [("dev", source), *(("test", language) for language in (source, *targets))]
    return [_score(model, context, split, language, most_frequent) for split, language in parts]


def dev_score(model: PreTrainedModel, context: TrialContext) -> float:
    """The task's metric × 100 on the source's dev set."""
    return _score(model, context, "dev", context.config.source, 0).score.metrics[context.task.metric]


def _score(model: PreTrainedModel, context: TrialContext, split: str, language: str, most_frequent: int) -> Scored:
    part = context.encoded(split, language)
    guesses = context.task.gather(part.gold, part.rows, predict(model, part, precision=context.config.precision))
    majority = 100 * sum(labels.count(most_frequent) for labels in part.gold) / sum(map(len, part.gold))
    found = Score(
        metrics=_metrics(context.task, part.gold, guesses),
        majority=majority,
        label_counts=of_examples(part.gold, guesses),
        unknown=part.unknown,
        examples=len(part.gold),
        fingerprint=context.fingerprint(split, language),
    )
    return Scored(split, language, part.gold, guesses, found)


def _metrics(task: Task[Any], gold: list[list[int]], predicted: list[list[int]]) -> dict[str, float]:
    """A task's scores. Raises ``UserError`` if a user's own task lacks a required metric."""
    found = task.scores(gold, predicted)
    for name in (task.metric, "accuracy"):
        if not math.isfinite(found.get(name, math.nan)):
            raise UserError(f"task: the scores of {task.name!r} lack a finite {name!r}; they have {found}")
    return found


def _most_frequent(gold: Sequence[Sequence[int]]) -> int:
    return Counter(label for labels in gold for label in labels).most_common(1)[0][0]


@torch.inference_mode()
def predict(model: PreTrainedModel, part: Encoded, *, precision: str = "fp32") -> list[Any]:
    """The label ids with the highest logit for each row: an id, or for token tasks a list of the row's length.

    Rows are batched longest first, with at most ``max_tokens`` padded tokens a batch, and their order is restored. No
    batch mixes splits, so the rounding of a language's logits does not depend on the other languages.
    """
    model.eval()
    takes = inspect.signature(model.forward).parameters.keys() - {"labels"}
    columns = {name: part.rows[name][:] for name in part.rows.column_names if name in takes}
    features = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    results: list[Any] = [None] * len(features)
    for batch in _batches([len(feature["input_ids"]) for feature in features], max_tokens(model)):
        padded = part.tokenizer.pad([features[i] for i in batch], return_tensors="pt").to(model.device)
        with autocast(precision, model.device.type):
            best = model(**padded).logits.argmax(-1).tolist()
        for i, row in zip(batch, best, strict=True):
            results[i] = row[: len(features[i]["input_ids"])] if isinstance(row, list) else row
    return results


def max_tokens(model: PreTrainedModel) -> int:
    """Largest number of tokens in a batch on a model's device, padding included."""
    return MAX_TOKENS.get(model.device.type, MAX_TOKENS["cuda"])


def _batches(lengths: Sequence[int], limit: int) -> Iterator[list[int]]:
    """Batches of row indices, longest first, in which size times first length is at most ``limit``."""
    order = sorted(range(len(lengths)), key=lambda i: lengths[i], reverse=True)
    start = 0
    while start < len(order):
        size = max(1, limit // lengths[order[start]])
        yield order[start : start + size]
        start += size
