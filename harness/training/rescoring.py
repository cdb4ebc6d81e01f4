"""Scoring of a finished trial's kept weights on further languages, without training again."""

import time
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn
from transformers import PreTrainedModel

from harness.common.machine import arithmetic
from harness.common.provenance import provenance
from harness.data.context import TrialContext
from harness.store.record import Record
from harness.store.result import TrialResult
from harness.study import TrialConfig
from harness.training.evaluation import score
from harness.training.fp32_head import keep_head_in_fp32
from harness.training.trial import made_record


def rescore(
    model: PreTrainedModel,
    config: TrialConfig,
    record: Record,
    history: list[dict[str, float]],
    *,
    cache: Path,
    threads: int = 1,
) -> TrialResult:
    """Score a finished trial's kept model on the languages of ``config``.

    Args:
        model: The kept model.
        config: The trial, with the languages to score.
        record: The training's record. The new record keeps its provenance, and its cost except for the time of scoring.
        history: The training's learning history.
        cache: Folder for tokenised data.
        threads: Number of CPU threads.

    Returns:
        The trial's result, with the provenance of the scores under ``rescored``.
    """
    arithmetic.settle(threads)
    start = time.perf_counter()
    context = TrialContext.of(config, cache)
    keep_head_in_fp32(model, config.precision)
    body: nn.Module = model
    body.to("cuda" if torch.cuda.is_available() else "cpu")
    scored = score(model, context)
    seconds = time.perf_counter() - start
    before = record.cost
    earlier = before.seconds - (before.evaluation_seconds or 0.0)
    cost = replace(before, evaluation_seconds=seconds, seconds=earlier + seconds)
    made = made_record(config, scored, history, record.checkpoint, cost, record.provenance)
    return TrialResult(replace(made, weights=record.weights, rescored=provenance()), history, scored)
