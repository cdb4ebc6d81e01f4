"""Signals at random moments: a study that SIGTERM or SIGUSR1 ends again and again, and that continues.

    python -m tests.benchmarks.signals [--signals 20] [--seed 0] [--steps 100]

A study of real trials runs from the command line, with ``--local`` and on Ray. At random moments its process, or its
whole process group as in a Slurm job, receives a signal. The process must end with code 143 and one line, within
Slurm's limit of 30 s. While a process connects to Ray (about half a second), Ray's own handler of SIGTERM prints a
stack above that line. The table counts these signals. Then the study is started again. Checkpoints by time are switched
off in effect, so that a training can only go on from a signal's checkpoint. In the end every trial must have the scores
and the learning history of an undisturbed run.
"""

import argparse
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tabulate import tabulate

from harness.store.store import Store
from tests.helpers.cut_data import cut_into
from tests.helpers.cut_trials import same
from tests.helpers.faults import KILLED

TRIALS = 4
LIMIT = 30.0
"""Seconds between SIGTERM and SIGKILL: Slurm's and Kubernetes' default."""
LINE = "steadytune: terminated; finished work is kept; run the same command again to continue"
OF_RAY = re.compile(r"(\[.*\] logging\.cc:\d+: )?(\*\*\* SIGTERM received|PC: @|    @ )")
"""A line of the stack that Ray's handler of SIGTERM prints. Ray sets the handler in C++, without an option."""


def command(file: Path, place: Path, options: list[str]) -> list[str]:
    timed = ["--checkpoint-minutes", "600", "--no-report"]
    return [sys.executable, "-m", "harness.cli", "run", str(file), "--store", str(place), *timed, *options]


def handled(process: int) -> bool:
    """Whether a process has a handler of SIGUSR1. Before, Python itself is starting."""
    (mask,) = (line for line in Path(f"/proc/{process}/status").read_text().splitlines() if line.startswith("SigCgt"))
    return bool(int(mask.split()[1], 16) >> (signal.SIGUSR1 - 1) & 1)


def signalled(arguments: list[str], latest: float, counts: Counter[str]) -> int:
    """Run the command until it ends by itself or by a signal, and return its exit code."""
    process = subprocess.Popen(
        arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    while process.poll() is None and not handled(process.pid):
        time.sleep(0.02)
    try:
        process.wait(random.uniform(1, latest))
    except subprocess.TimeoutExpired:
        number, group = random.choice((signal.SIGTERM, signal.SIGUSR1)), random.random() < 0.5
        (os.killpg if group else os.kill)(process.pid, number)
        began = time.monotonic()
        _, said = process.communicate(timeout=120)
        took = time.monotonic() - began
        if process.returncode == 0:  # its work was done when the signal came
            return 0
        counts["signals"] += 1
        lines = said.strip().splitlines()
        ours = [line for line in lines if not OF_RAY.match(line)]
        orderly = process.returncode == 143 and [line for line in ours if line] == [LINE]
        counts["stacks of Ray"] += len(ours) < len(lines)
        counts["in order"] += orderly
        counts["in time"] += took < LIMIT
        counts["slowest"] = max(counts["slowest"], round(took))
        print(
            f"  {number.name} to the {'group' if group else 'process'}: {process.returncode}, {took:.1f} s", flush=True
        )
        if not orderly:
            print(said)
    return process.returncode


def tried(mode: str, options: list[str], arguments: argparse.Namespace, scratch: Path) -> Counter[str]:
    counts: Counter[str] = Counter()
    study = 0
    while counts["signals"] < arguments.signals:
        file, place, whole = (scratch / f"{mode}-{study}-{kind}" for kind in ("study.yaml", "store", "undisturbed"))
        seeds = [2 * study, 2 * study + 1]
        file.write_text(KILLED.format(cut=scratch, steps=arguments.steps, seeds=seeds), encoding="utf-8")
        began = time.monotonic()
        subprocess.run(command(file, whole, ["--local"]), check=True, stdout=subprocess.DEVNULL)
        latest = time.monotonic() - began
        while signalled(command(file, place, options), latest, counts) != 0:
            if counts["signals"] >= arguments.signals:
                subprocess.run(command(file, place, options), check=True, stdout=subprocess.DEVNULL)
                break
        one, other = Store(whole), Store(place)
        counts["trials"] += TRIALS
        for trial in one.ids():
            expected, found = one.record(trial), other.record(trial)
            assert expected is not None
            if found is None:
                counts["lost"] += 1
                continue
            counts["resumed"] += len(found.cost.resumed_at or ())
            pairs = [(record, store.history(trial).to_pylist()) for record, store in ((expected, one), (found, other))]
            counts["as undisturbed"] += same(*pairs)
        study += 1
    return counts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--signals", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--only", choices=["local", "ray"])
    arguments = parser.parse_args()
    random.seed(arguments.seed)
    modes = {"local": ["--local"], "ray": []}
    with tempfile.TemporaryDirectory() as scratch:
        cut_into(Path(scratch))
        found = {
            mode: tried(mode, options, arguments, Path(scratch))
            for mode, options in modes.items()
            if arguments.only in (None, mode)
        }
    columns = [
        "signals",
        "in order",
        "stacks of Ray",
        "in time",
        "slowest",
        "trials",
        "resumed",
        "as undisturbed",
        "lost",
    ]
    rows = [[mode, *(counts[column] for column in columns)] for mode, counts in found.items()]
    print(tabulate(rows, headers=["", *columns], tablefmt="github"))
    passed = all(
        counts["signals"] == counts["in order"] == counts["in time"] and counts["trials"] == counts["as undisturbed"]
        for counts in found.values()
    )
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
