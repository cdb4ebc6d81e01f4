"""CPU time of a training step on one core: its share by kind of operation, and the most that cheaper parts can save.

    python -m tests.benchmarks.step_parts [--encoder DIR] [--data DIR] [--precision bf16] [--steps 40] [--rounds 3]

The first table is from torch's profiler, over all steps of a training with the setting's dropout. The second table has
the CPU time of a step in trainings with and without dropout, which take turns. Without the hidden states' dropout, no
mask is drawn: cheaper masks cannot save more. Without the attention weights' dropout, torch's attention takes its fused
kernel in place of several products. A figure is the median over steps and rounds. English UDPOS, vanilla, batches of
16.
"""

import argparse
import statistics
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from tabulate import tabulate
from torch.profiler import ProfilerActivity, profile
from transformers import Trainer, TrainerCallback

from harness.data.context import TrialContext
from harness.execution.plan import plan
from harness.methods import Vanilla
from harness.study import Setting, Study
from harness.training.building import build_trainer

KINDS = {
    "products of weights": ("aten::mm", "aten::addmm"),
    "products in attention": ("aten::bmm", "aten::baddbmm"),
    "draws of dropout": ("aten::bernoulli_",),
    "copies and casts": ("aten::copy_",),
    "zeros": ("aten::fill_", "aten::zero_"),
    "optimizer": ("aten::_fused_adamw_",),
}
"""Operators by kind; the remaining operators are ``OTHER``."""
OTHER = "other operations and Python"
DROPOUTS: dict[str, dict[str, float]] = {
    "as in the encoder's config": {},
    "none of hidden states": {"hidden_dropout": 0.0},
    "none of attention weights": {"attention_dropout": 0.0},
    "none": {"hidden_dropout": 0.0, "attention_dropout": 0.0},
}
WARM = 3
"""First steps that are not timed."""


class _Clock(TrainerCallback):
    """CPU time of this process at the end of each step, in seconds."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def on_step_end(self, *given: Any, **named: Any) -> None:
        self.ends.append(time.process_time())


def trainer_of(options: argparse.Namespace, folder: Path, dropouts: dict[str, float]) -> Trainer:
    """The trainer of one trial."""
    setting = Setting(learning_rate=2e-4, max_steps=options.steps, batch_size=16, **dropouts)  # type: ignore[arg-type]
    study = Study(
        name="step-parts",
        task="udpos",
        methods=(Vanilla(),),
        settings=(setting,),
        seeds=(0,),
        targets=("de",),
        encoder=options.encoder,
        data=options.data,
        precision=options.precision,
    )
    return build_trainer(TrialContext.of(plan(study, gpus=0)[0], folder))


def shares(options: argparse.Namespace, folder: Path) -> list[list[str]]:
    """A row per kind of operation: its share of the CPU time of a training."""
    trainer = trainer_of(options, folder, {})
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        trainer.train()
    times = {event.key: event.self_cpu_time_total for event in profiled.key_averages()}
    whole = sum(times.values())
    found = {kind: sum(times.get(name, 0.0) for name in names) for kind, names in KINDS.items()}
    found[OTHER] = whole - sum(found.values())
    return [[kind, f"{taken / whole:.1%}"] for kind, taken in found.items()]


def step_seconds(options: argparse.Namespace, folder: Path, dropouts: dict[str, float]) -> float:
    """Median CPU time of a step, in seconds."""
    trainer, clock = trainer_of(options, folder, dropouts), _Clock()
    trainer.add_callback(clock)
    trainer.train()
    return statistics.median(after - before for before, after in pairwise(clock.ends[WARM:]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", default="embedded", metavar="DIR", help="(default: %(default)s)")
    parser.add_argument("--data", default="embedded", metavar="DIR", help="(default: %(default)s)")
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="bf16", help="(default: %(default)s)")
    parser.add_argument("--steps", type=int, default=40, metavar="N", help="(default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="(default: %(default)s)")
    options = parser.parse_args()
    if options.steps < WARM + 2:
        parser.error(f"--steps: at least {WARM + 2}")
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        print(tabulate(shares(options, folder), [f"{options.encoder}, {options.precision}", "share"]), end="\n\n")
        taken: dict[str, list[float]] = {name: [] for name in DROPOUTS}
        for _ in range(options.rounds):
            for name, dropouts in DROPOUTS.items():
                taken[name].append(step_seconds(options, folder, dropouts))
    usual = statistics.median(next(iter(taken.values())))
    rows = [
        [name, f"{1000 * statistics.median(of):.0f}", f"{statistics.median(of) / usual:.2f}"]
        for name, of in taken.items()
    ]
    print(tabulate(rows, ["dropout", "CPU ms per step", "ratio"], disable_numparse=True))


if __name__ == "__main__":
    main()
