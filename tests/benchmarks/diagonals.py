"""Seconds of a Fisher diagonal by layers, many examples at a time, and by the loop over examples.

    python -m tests.benchmarks.diagonals [--examples 48] [--rounds 3] [--threads 1]

The embedded encoder is timed with long windows (its Wikipedia text) and short windows (a test set's sentences). An
encoder of XLM-R base's size is made from its config, with random weights and a quarter of the examples. Both ways take
turns; figures are medians over the rounds. The last column is the largest difference, relative to a parameter's largest
entry.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from tabulate import tabulate
from transformers import AutoConfig, AutoModelForMaskedLM, PreTrainedModel

from harness.data.origin import Origin
from harness.encoders import loading, pinning
from harness.fisher.diagonal import by_example, by_layer
from harness.fisher.windows import Window, windows
from harness.methods.fisher_estimate import Estimate

ORIGIN = Origin("udpos", "embedded")


def examples(text: str, count: int, estimator: str) -> list[Window]:
    estimate = Estimate(languages=("hi",), examples=count, text=text, estimator=estimator)
    return sorted(windows(pinning.find("embedded"), estimate, ORIGIN), key=lambda window: len(window.ids))


def xlm_roberta_base() -> PreTrainedModel:
    torch.manual_seed(0)
    shape = {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072}
    config = AutoConfig.for_model(
        "xlm-roberta", vocab_size=250_002, max_position_embeddings=514, type_vocab_size=1, **shape
    )
    model: PreTrainedModel = AutoModelForMaskedLM.from_config(config).eval()
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=48)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    embedded = loading.masked_language_model(pinning.find("embedded"))
    cases: list[tuple[str, Callable[[], PreTrainedModel], str, int, str]] = [
        ("embedded, long windows", lambda: embedded, "embedded", options.examples, "empirical"),
        ("embedded, long windows", lambda: embedded, "embedded", options.examples, "sampled"),
        ("embedded, short windows", lambda: embedded, "task", options.examples, "empirical"),
        ("XLM-R base's size, long windows", xlm_roberta_base, "embedded", max(1, options.examples // 4), "empirical"),
        ("XLM-R base's size, short windows", xlm_roberta_base, "task", max(1, options.examples // 4), "empirical"),
    ]
    rows = []
    for name, make, text, count, estimator in cases:
        model, chosen = make(), examples(text, count, estimator)
        seconds: dict[str, list[float]] = {"by_example": [], "by_layer": []}
        found = {}
        for _ in range(options.rounds):
            for way in (by_example, by_layer):
                start = time.perf_counter()
                found[way.__name__] = way(model, chosen, estimator)
                seconds[way.__name__].append(time.perf_counter() - start)
        loop, ours = found["by_example"], found["by_layer"]
        off = max(float((ours[k] - v).abs().max() / v.max()) for k, v in loop.items() if float(v.max()) > 1e-9)
        one, many = (statistics.median(values) for values in seconds.values())
        rows.append([name, estimator, count, one, many, f"{one / many:.2f}", f"{off:.0e}"])
    print(f"{options.threads} thread(s), medians of {options.rounds}")
    print(
        tabulate(
            rows,
            ["encoder and text", "estimator", "windows", "loop (s)", "by layer (s)", "ratio", "difference"],
            floatfmt=".3g",
        )
    )


if __name__ == "__main__":
    main()
