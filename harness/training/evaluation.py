"""Zero-shot scoring: predictions for every language, then its metrics."""

import inspect
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel

from harness.common.errors import UserError
from harness.data.origin import Origin
from harness.data.tokenised import Encoded, encoded
from harness.encoders import pinning
from harness.store.record import Score
from harness.store.result import Scored
from harness.study import TrialConfig
from harness.tasks import Task, task_named
from harness.training.precision import autocast

MAX_TOKENS = {"cpu": 1024, "cuda": 4096}
"""Tokens of a batch, padding included, by the kind of device: a CPU computes small batches, whose activations stay in
its cache, a quarter to a third faster than those of 4096."""


def score(model: PreTrainedModel, config: TrialConfig, cache: Path) -> list[Scored]:
    """Scores of the source's dev and test sets and of every target's test set."""
    encoder = pinning.pinned(config.encoder, config.encoder_revision)
    most_frequent = _most_frequent(encoded(config, "train", config.source, encoder, cache).gold)
    scored = [_score(model, config, "dev", config.source, config.dev_data, most_frequent, cache)]
    for language in (config.source, *config.targets):
        scored.append(_score(model, config, "test", language, config.test_data[language], most_frequent, cache))
    return scored


def dev_score(model: PreTrainedModel, config: TrialConfig, cache: Path) -> float:
    """The task's metric × 100 on the source's dev set."""
    task = task_named(Origin.of(config).task)
    return _score(model, config, "dev", config.source, config.dev_data, 0, cache).score.metrics[task.metric]


def _score(
    model: PreTrainedModel,
    config: TrialConfig,
    split: str,
    language: str,
    fingerprint: str,
    most_frequent: int,
    cache: Path,
) -> Scored:
    task = task_named(Origin.of(config).task)
    encoder = pinning.pinned(config.encoder, config.encoder_revision)
    part = encoded(config, split, language, encoder, cache)
    guesses = task.gather(part.gold, part.rows, predict(model, part, precision=config.precision))
    majority = 100 * sum(labels.count(most_frequent) for labels in part.gold) / sum(map(len, part.gold))
    found = Score(
        metrics=_metrics(task, part.gold, guesses),
        majority=majority,
        unknown=part.unknown,
        examples=len(part.gold),
        fingerprint=fingerprint,
    )
    return Scored(split, language, part.gold, guesses, found)


def _metrics(task: Task[Any], gold: list[list[int]], predicted: list[list[int]]) -> dict[str, float]:
    """A task's scores; a user's own may lack what is needed."""
    found = task.scores(gold, predicted)
    for name in (task.metric, "accuracy"):
        if not math.isfinite(found.get(name, math.nan)):
            raise UserError(f"task: the scores of {task.name!r} lack a finite {name!r}; they have {found}")
    return found


def _most_frequent(gold: Sequence[Sequence[int]]) -> int:
    return Counter(label for labels in gold for label in labels).most_common(1)[0][0]


@torch.inference_mode()
def predict(model: PreTrainedModel, part: Encoded, *, precision: str = "fp32") -> list[Any]:
    """The label ids with the highest logit, for each row: one, or for token tasks a list of the row's length.

    The rows go through the model longest first, in batches of at most ``limit`` padded tokens, and their order is
    restored. No batch mixes splits: the rounding of a language's logits does not depend on which others are scored.
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
    """Most tokens of a batch on a model's device, padding included."""
    return MAX_TOKENS.get(model.device.type, MAX_TOKENS["cuda"])


def _batches(lengths: Sequence[int], limit: int) -> Iterator[list[int]]:
    """Indices of the rows, longest first, in runs whose size times their first length stays within ``limit``."""
    order = sorted(range(len(lengths)), key=lambda i: lengths[i], reverse=True)
    start = 0
    while start < len(order):
        size = max(1, limit // lengths[order[start]])
        yield order[start : start + size]
        start += size
