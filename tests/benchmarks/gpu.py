"""Speed on a GPU: training and scoring against the peer, Fisher diagonals, and trials that share a GPU.

    python -m tests.benchmarks.gpu [--steps 50] [--rounds 2] [--packed 1 2 4 8] [--minutes 8] [--keep FOLDER]
    python -m tests.benchmarks.gpu --device cpu --layers 2 --hidden 48 --vocabulary 20000 --steps 3 --warm-up 1
        --rounds 1 --packed 1 2 --scored 2000 --windows 8

``tests/benchmarks/gpu_check.sh`` runs the GPU tests, then this benchmark. The benchmark starts without Ray, optuna,
seqeval and peft.

The model has mBERT-base's size and random weights; the tokenizer is the embedded one. ``full`` batches are 32 × 128
sub-words of joined embedded sentences, with almost no padding. ``udpos`` and ``pawsx`` batches have the real lengths of
these tasks. ``ours`` is the trainer of a trial, with a trimmed vocabulary; ``padded`` is the same without packed
batches. The peer is ``transformers.Trainer`` with the whole vocabulary and the penalty in its loss, through autograd.
All have the same precision, fused AdamW, pinned memory and log. In each round the sides take turns. Each run is printed
at once; a median is over the rounds. F of ewc is random, which changes no time.

MFU is FLOP/s over the device's peak. FLOPs are 6 × N × tokens + 12 × layers × hidden × Σ length² of the sequences. This
formula covers a forward and a backward pass of the layers' N weights and of attention. Embeddings, padding and
the head do not count. The peak is the data sheet's for dense bf16. For a device that is not in ``PEAKS`` it is the
measured rate of a large matrix product.

After ``--minutes`` no further part begins. Without a GPU nothing is measured, and the exit code is 0.
``--device cpu`` runs all parts but "waits of the host" on the CPU, at the same sizes. The options for sizes make the
parts smaller, as in the second command.
"""

import argparse
import gc
import os
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.benchmarks.on_gpu import beside, making, training
from tests.benchmarks.on_gpu.sides import SIDES, ours, peer

WIDTH = 12
"""Smallest width of a column."""


def show(rows: Iterable[Sequence[str]], header: Sequence[str]) -> None:
    """Print a table, each row as soon as it is there."""
    widths = [max(WIDTH, len(name)) for name in header]

    def line(cells: Sequence[str]) -> None:
        print(
            "| " + " | ".join(f"{cell:{width}}" for cell, width in zip(cells, widths, strict=True)) + " |", flush=True
        )

    line(header)
    line(["-" * width for width in widths])
    for row in rows:
        line(row)
    print(flush=True)


class Clock:
    """The time that is left."""

    def __init__(self, minutes: float) -> None:
        self.start, self.minutes = time.perf_counter(), minutes

    def begins(self, part: str) -> bool:
        """Print a part's title and the time. Returns whether any time is left for it."""
        took = (time.perf_counter() - self.start) / 60
        late = took > self.minutes
        print(f"\n[{took:.1f} min] {part}{': left out, the time is over' if late else ''}\n", flush=True)
        return not late


def train(lengths: str, place: Path, options: argparse.Namespace, peak: float, clock: Clock) -> None:
    """Time the sides on batches of one kind."""
    planned = making.trials(place / "encoder", place / "data", lengths, options)
    full = lengths == "full"
    methods = list(planned) if full else ["vanilla"]
    sides = ["peer", "ours"] if full else list(SIDES)  # full batches have no padding to leave out
    found: dict[tuple[str, str], list[training.Speed]] = {}

    def runs() -> Iterable[Sequence[str]]:
        for _ in range(options.rounds):
            for method in methods:
                for side in sides:
                    one = training.speed(SIDES[side], planned[method], place, options, peak)
                    found.setdefault((method, side), []).append(one)
                    yield [lengths, method, side, *one.cells()]
                    _free()

    if clock.begins(f"training, {lengths} lengths"):
        show(runs(), training.HEADER)
        show(training.medians(lengths, found), training.MEDIANS)


def _free() -> None:
    import torch

    gc.collect()
    torch.cuda.empty_cache()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--device", choices=("cuda", "cpu"), default="cuda", help="(default: %(default)s)")
    add("--layers", type=int, default=12, help="(default: %(default)s)")
    add("--hidden", type=int, default=768, help="a multiple of 12 (default: %(default)s)")
    add("--vocabulary", type=int, default=119547, help="at least the embedded tokenizer's (default: %(default)s)")
    add("--batch-size", type=int, default=32, help="(default: %(default)s)")
    add("--length", type=int, default=128, help="most sub-words of a sequence (default: %(default)s)")
    add("--precision", default="bf16", help="(default: %(default)s)")
    add("--steps", type=int, default=50, help="that are timed (default: %(default)s)")
    add("--warm-up", type=int, default=10, help="steps before (default: %(default)s)")
    add("--rounds", type=int, default=2, help="(default: %(default)s)")
    add("--lengths", nargs="*", default=making.LENGTHS, choices=making.LENGTHS, help="(default: all)")
    add("--scored", type=int, default=400_000, help="tokens that are scored (default: %(default)s)")
    add("--windows", type=int, default=256, help="of a Fisher diagonal (default: %(default)s)")
    add("--packed", type=int, nargs="*", default=(1, 2, 4, 8), help="trials at once (default: 1 2 4 8)")
    add("--seconds", type=float, default=5.0, help="for each number of trials at once (default: %(default)s)")
    add("--threads", type=int, default=1, help="CPU threads of a trial (default: %(default)s)")
    add("--compile", action="store_true", help="time training with every layer through torch.compile")
    add("--minutes", type=float, default=8.0, help="after which no part begins (default: %(default)s)")
    add("--keep", type=Path, help="folder for the profile; none is kept without it")
    options = parser.parse_args()
    if options.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    clock = Clock(options.minutes)

    import torch
    import transformers
    from transformers.utils import logging

    from harness.training.packed_batches import flash_attention_works

    if options.device == "cuda" and not torch.cuda.is_available():
        print(
            "No GPU: nothing is measured. --device cpu runs on the CPU; options like --layers make the model smaller."
        )
        return
    logging.disable_progress_bar()
    logging.set_verbosity_error()  # heads without pretrained weights are intended
    torch.set_num_threads(options.threads)
    device, peak, source = training.peak_of_device()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        making.make_encoder(place / "encoder", options)
        making.make_data(place / "data")
        print(f"{device}: peak {peak / 1e12:.4g} TFLOP/s ({source})")
        print(f"torch {torch.__version__}, transformers {transformers.__version__}, {options.precision}")
        size = f"{options.layers} layers of {options.hidden}, vocabulary {options.vocabulary:,}"
        compiled = ", compiled layers" if options.compile else ""
        print(f"{size}, batches of {options.batch_size}, at most {options.length} sub-words{compiled}")
        agrees = flash_attention_works(options.hidden // 12, torch.bfloat16, options.device)
        print(
            f"flash attention by lengths: {'agrees with plain attention' if agrees else 'not here, batches are padded'}"
        )
        for lengths in options.lengths:
            train(lengths, place, options, peak, clock)
        real = making.trials(place / "encoder", place / "data", "udpos", options)
        heavy = making.trials(place / "encoder", place / "data", "full", options)["ewc"]
        if clock.begins("scoring"):
            show(beside.scoring(real["vanilla"], place, options), beside.SCORING)
            _free()
        if clock.begins("Fisher"):
            show(beside.fisher(real["vanilla"], place, options), beside.FISHER)
            _free()
        if torch.cuda.is_available() and clock.begins("waits of the host in a step of vanilla, udpos lengths"):
            for side, build in (("peer", peer), ("ours", ours)):
                print(f"{side}: {', '.join(training.syncs(build, real['vanilla'], place)) or 'nowhere'}", flush=True)
        if clock.begins(f"profile of {training.PROFILED} steps of vanilla, udpos lengths"):
            print(*training.profile(ours, real["vanilla"], place, options.keep), sep="\n", flush=True)
            _free()
        if options.packed and clock.begins(f"trials of ewc on one device, {options.seconds:g} s each"):
            show(beside.sharing(heavy, place, options), beside.SHARING)
        if options.packed and clock.begins(f"--trials-per-gpu auto, up to {max(options.packed)}"):
            from harness.execution.gpu_sharing import pick

            pick([heavy], place, threads=options.threads, most=max(options.packed), seconds=options.seconds)
        print(f"\n[{(time.perf_counter() - clock.start) / 60:.1f} min] done", flush=True)


if __name__ == "__main__":
    main()
