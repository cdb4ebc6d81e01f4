"""Speed of scoring and of a Fisher diagonal, and of several trials on one device."""

import argparse
import time
from pathlib import Path
from typing import Any

from tests.benchmarks.on_gpu.sides import ours, peer
from tests.benchmarks.on_gpu.training import wait

SCORING = ["scoring", "side", "tokens", "seconds", "tokens/s"]
FISHER = ["Fisher diagonal", "windows", "seconds", "tokens/s"]
SHARING = ["at once", "tokens/s together", "times one", "GiB each"]
LOOPED = 8
"""The loop over single windows takes only the first 1 / ``LOOPED`` of them."""


def scoring(trial: Any, cache: Path, options: argparse.Namespace) -> Any:
    """One row for each side and round. The text is German test sentences, many times over."""
    from datasets import concatenate_datasets

    from harness.data.context import TrialContext
    from harness.data.tokenised import Encoded
    from harness.training.evaluation import predict

    context = TrialContext.of(trial, cache)
    one = context.encoded("test", "de")
    tokens = sum(map(len, one.rows["input_ids"][:]))
    rows = concatenate_datasets([one.rows] * max(1, round(options.scored / tokens)))
    tokens *= len(rows) // len(one.rows)
    part = Encoded(rows, [], 0.0, one.tokenizer)
    mine, theirs = ours(trial, cache), peer(trial, cache)
    known = [name for name in rows.column_names if name in ("input_ids", "attention_mask", "token_type_ids", "labels")]

    def score_ours() -> None:
        predict(mine.model, part, context.task, precision=trial.precision)

    def score_peer() -> None:
        theirs.predict(rows.select_columns(known))

    for warm in (True, *([False] * options.rounds)):
        for side, score in (("peer", score_peer), ("ours", score_ours)):
            start = time.perf_counter()
            score()
            wait()
            took = time.perf_counter() - start
            if not warm:
                yield [context.task.name, side, f"{tokens:,}", f"{took:.2f}", f"{tokens / took:,.0f}"]


def fisher(trial: Any, cache: Path, options: argparse.Namespace) -> Any:
    """One row for our batches of windows and one for the loop over single windows."""
    import torch

    from harness.data.context import TrialContext
    from harness.encoders import loading
    from harness.fisher import diagonal
    from harness.fisher.windows import windows
    from harness.methods.fisher_estimate import Estimate

    context = TrialContext.of(trial, cache)
    model = loading.masked_language_model(context.encoder)
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    examples = windows(context.encoder, Estimate(languages=("de",), examples=options.windows), context.origin)
    for name, compute, part in (
        ("loop", diagonal.by_example, examples[: max(2, len(examples) // LOOPED)]),
        ("by layer", diagonal.by_layer, examples),
    ):
        compute(model, examples[:2], "empirical")
        wait()
        start = time.perf_counter()
        compute(model, part, "empirical")
        wait()
        took = time.perf_counter() - start
        tokens = sum(len(window.ids) for window in part)
        yield [name, f"{len(part):,}", f"{took:.2f}", f"{tokens / took:,.0f}"]
    model.to("cpu")


def sharing(trial: Any, scratch: Path, options: argparse.Namespace) -> Any:
    """One row for each number of simultaneous trials."""
    from harness.execution.gpu_sharing_probe import DoesNotRunError, measured

    alone = 0.0
    for count in options.packed:
        try:
            found = measured(trial, count, scratch, options.threads, options.seconds)
        except DoesNotRunError as error:
            yield [str(count), str(error)[:60], "", ""]
            continue
        alone = alone or found.rate / count
        yield [str(count), f"{found.rate:,.0f}", f"{found.rate / alone:.2f}", f"{found.each / 2**10:.2f}"]
