"""Seconds a step and peak memory of fine-tuning with the whole vocabulary and with the trimmed vocabulary.

    python -m tests.benchmarks.trimming [--encoder DIR] [--data DIR] [--task udpos] [--steps 20] [--rounds 3]

Every measurement is a separate process, so that its peak memory is its own. Whole and trimmed take turns. The time is
the median of the steps after the first two. The memory is the largest resident set from loading the encoder to the last
step.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tabulate import tabulate

from harness.data.context import TrialContext
from harness.execution.plan import plan
from harness.methods import L2, Method, Vanilla
from harness.study import Setting, Study

METHODS: dict[str, Method] = {"vanilla": Vanilla(), "l2": L2(strength=0.1)}
WARM_UP = 2
"""Number of steps that do not count."""


def measure(options: argparse.Namespace) -> dict[str, float]:
    """Measure one training in this process."""
    import torch
    from transformers import TrainerCallback

    from harness.common.machine import memory
    from harness.training.building import build_trainer

    class Clock(TrainerCallback):
        def __init__(self) -> None:
            self.ends: list[float] = []

        def on_step_end(self, *args: Any, **rest: Any) -> None:
            self.ends.append(time.perf_counter())

    study = Study(
        name="trimming",
        task=options.task,
        methods=(METHODS[options.method],),
        settings=(Setting(learning_rate=1e-4, max_steps=options.steps, batch_size=options.batch_size),),
        seeds=(0,),
        targets=("de",),
        encoder=options.encoder,
        data=options.data,
        precision="fp32",
        trim_vocabulary=options.trim,
    )
    torch.set_num_threads(options.threads)
    memory.reset_peak()
    trainer = build_trainer(TrialContext.of(plan(study)[0], Path(options.cache)))
    clock = Clock()
    trainer.add_callback(clock)
    trainer.train()
    steps = [after - before for before, after in zip(clock.ends[WARM_UP - 1 :], clock.ends[WARM_UP:], strict=False)]
    return {
        "seconds": statistics.median(steps),
        "mib": memory.peak()["resident"],
        "parameters": sum(p.numel() for p in trainer.model.parameters()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", default="embedded")
    parser.add_argument("--data", default="embedded")
    parser.add_argument("--task", default="udpos")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--method", choices=METHODS, help=argparse.SUPPRESS)
    parser.add_argument("--trim", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--cache", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.method:
        print(json.dumps(measure(options)))
        return
    rows = []
    with tempfile.TemporaryDirectory() as cache:
        for method in METHODS:
            found: dict[bool, list[dict[str, float]]] = {False: [], True: []}
            for trim in [False, True] * options.rounds:
                command = [
                    sys.executable,
                    "-m",
                    "tests.benchmarks.trimming",
                    *sys.argv[1:],
                    "--method",
                    method,
                    "--cache",
                    cache,
                ]
                ended = subprocess.run(
                    [*command, *(["--trim"] if trim else [])], stdout=subprocess.PIPE, text=True, check=True
                )
                found[trim].append(json.loads(ended.stdout.splitlines()[-1]))
            whole, trimmed = (
                {key: statistics.median(one[key] for one in found[trim]) for key in found[trim][0]}
                for trim in (False, True)
            )
            for name, unit in (("seconds", "s a step"), ("mib", "MiB peak"), ("parameters", "parameters")):
                rows.append([method, unit, whole[name], trimmed[name], f"{whole[name] / trimmed[name]:.2f}"])
    print(
        f"{options.encoder}, {options.task}, batches of {options.batch_size}, {options.threads} thread(s), medians "
        f"of {options.rounds}"
    )
    print(tabulate(rows, ["method", "", "whole", "trimmed", "ratio"], floatfmt=",.3g", intfmt=","))


if __name__ == "__main__":
    main()
