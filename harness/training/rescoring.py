"""Kept weights of a finished trial, scored on further languages without training again."""

import time
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import PreTrainedModel

from harness.common.provenance import provenance
from harness.data.context import TrialContext
from harness.store.result import TrialResult
from harness.study import TrialConfig
from harness.training.evaluation import score
from harness.training.trial import summary


def rescore(
    model: PreTrainedModel,
    config: TrialConfig,
    record: dict[str, Any],
    history: list[dict[str, float]],
    *,
    cache: Path,
    threads: int = 1,
) -> TrialResult:
    """Score a finished trial's model, as it was kept, on the languages of ``config``.

    ``record`` and ``history`` are those of the training; the new record has its cost and provenance, and under
    ``rescored`` the provenance of the scores.
    """
    torch.set_num_threads(threads)
    start = time.perf_counter()
    context = TrialContext.of(config, cache)
    body: nn.Module = model
    body.to("cuda" if torch.cuda.is_available() else "cpu")
    scored = score(model, context)
    seconds = time.perf_counter() - start
    before = record["cost"]
    cost = {
        **before,
        "evaluation_seconds": seconds,
        "seconds": before["seconds"] - before["evaluation_seconds"] + seconds,
    }
    kept = {name: record[name] for name in ("checkpoint", "provenance", "weights")}
    known = {"config": config.to_json(), **summary(config, scored, history), **kept}
    return TrialResult({**known, "cost": cost, "rescored": provenance()}, history, scored)
