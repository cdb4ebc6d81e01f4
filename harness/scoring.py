"""Zero-shot scoring: predictions for every language, then its metrics."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from datasets import Dataset
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from harness import data, encoders, encoding, models
from harness.study import TrialConfig
from harness.tasks import task_named

TOKEN_BUDGET = 4096
"""Tokens of a batch, padding included."""

Split = tuple[str, str]
"""Split and language, such as ``("test", "de")``."""


@dataclass(frozen=True)
class Scored:
    """What a model does on one split of one language."""

    split: str
    language: str
    gold: list[list[int]]
    """Label ids of each example."""
    predicted: list[list[int]]
    """Predicted label ids, shaped as ``gold``; -1 where there is no prediction."""
    metrics: dict[str, float]
    """Scores × 100 by name."""
    majority: float
    """Accuracy × 100 of answering the training data's most frequent label everywhere."""
    fingerprint: str
    """Fingerprint of the split's examples."""


def score(model: PreTrainedModel, config: TrialConfig) -> list[Scored]:
    """Scores of the source's dev and test sets and of every target's test set."""
    task = task_named(config.task)
    splits: list[Split] = [("dev", config.source), *(("test", language) for language in (config.source, *config.targets))]
    encoder = encoders.pinned(config.encoder, config.encoder_revision)
    where = (encoder, config.setting.max_length)
    encoded = {split: encoding.rows(config.task, config.data, *split, *where) for split in splits}
    predicted = predict(model, encoded, models.tokenizer(encoder), precision=config.precision)
    most_frequent = _most_frequent(config)
    scored = []
    for (split, language), rows in encoded.items():
        examples = data.examples(config.task, config.data, split, language)
        gold = task.gold(examples.rows)
        guesses = task.gather(examples.rows, rows, predicted[split, language])
        majority = 100 * sum(labels.count(most_frequent) for labels in gold) / sum(map(len, gold))
        scored.append(Scored(split, language, gold, guesses, task.scores(gold, guesses), majority, examples.fingerprint))
    return scored


def _most_frequent(config: TrialConfig) -> int:
    examples = data.examples(config.task, config.data, "train", config.source)
    counts = Counter(label for labels in task_named(config.task).gold(examples.rows) for label in labels)
    return counts.most_common(1)[0][0]


@torch.inference_mode()
def predict(
    model: PreTrainedModel, encoded: dict[Split, Dataset], tokenizer: PreTrainedTokenizerBase, *, precision: str = "fp32"
) -> dict[Split, list[Any]]:
    """The label ids with the highest logit, for each row of each split: a list of the row's length for token tasks.

    Each split goes through the model longest rows first, in batches of at most ``TOKEN_BUDGET`` padded tokens, and its order is
    restored. No batch mixes splits: the rounding of a language's logits does not depend on which others are scored.
    """
    model.eval()
    return {split: _predict(model, rows, tokenizer, precision) for split, rows in encoded.items()}


def _predict(model: PreTrainedModel, rows: Dataset, tokenizer: PreTrainedTokenizerBase, precision: str) -> list[Any]:
    features = [{"input_ids": ids, "attention_mask": mask} for ids, mask in zip(rows["input_ids"], rows["attention_mask"], strict=True)]
    results: list[Any] = [None] * len(features)
    for batch in _batches([len(feature["input_ids"]) for feature in features]):
        padded = tokenizer.pad([features[i] for i in batch], return_tensors="pt").to(model.device)
        with torch.autocast(model.device.type, torch.bfloat16, enabled=precision == "bf16"):
            best = model(**padded).logits.argmax(-1).tolist()
        for i, row in zip(batch, best, strict=True):
            results[i] = row[: len(features[i]["input_ids"])] if isinstance(row, list) else row
    return results


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Indices of the rows, longest first, in runs whose size times their first length stays within the budget."""
    order = sorted(range(len(lengths)), key=lambda i: lengths[i], reverse=True)
    start = 0
    while start < len(order):
        size = max(1, TOKEN_BUDGET // lengths[order[start]])
        yield order[start : start + size]
        start += size
