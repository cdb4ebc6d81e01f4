"""The cost of following a trial: heartbeats and the live display against the same trial without them.

    python -m tests.benchmarks.following [--pairs 10] [--steps 100]

A trial of the embedded encoder runs in this process with and without following, in turns: without, with, with, without,
... With following, a thread writes heartbeats into a store, as with ``--local``. A live display of a terminal of 80
columns refreshes once a second. The first trial of each side warms up and does not count. The figures are wall seconds
and CPU seconds of all threads of a trial, and the ratio of each pair. On a busy machine CPU seconds are the steadier of
the two. A line below the table has the CPU time of following alone: a step's callback (µs), a heartbeat and a refresh
(ms). The share of this work in a second of training is the cost without the noise of the trials. Target: ≤ 0.5 %.
"""

import argparse
import io
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from rich.console import Console
from tabulate import tabulate
from transformers import TrainerCallback, TrainerState

from harness.execution.follow.beating import beating
from harness.execution.follow.display import REFRESH, Display
from harness.execution.plan import plan
from harness.methods import Vanilla
from harness.store.heartbeats import LOCAL_SECONDS, Progress
from harness.store.store import Store
from harness.study import Setting, Study, TrialConfig
from harness.training import trial as training
from harness.training.follow import Follow

MAX_SHARE = 0.005
ROWS = 50


def configured(steps: int) -> TrialConfig:
    """A trial of the embedded encoder."""
    setting = Setting(learning_rate=1e-4, max_steps=steps, batch_size=8)
    study = Study(
        name="following", task="udpos", methods=(Vanilla(),), settings=(setting,), seeds=(0,), targets=("de",)
    )
    return plan(study)[0]


def seconds(config: TrialConfig, store: Store, *, followed: bool) -> tuple[float, float]:
    """Wall and CPU seconds of the trial."""
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    training.Follow = Follow if followed else lambda *arguments: TrainerCallback()  # type: ignore[assignment, misc]
    wall, used = time.perf_counter(), time.process_time()
    with (
        Display(console, store) if followed else nullcontext() as shown,
        beating(store, config.id) if followed else nullcontext(Progress()) as progress,
    ):
        if shown is not None:
            shown.add(config.id, "vanilla")
        training.run_trial(config, cache=store.cache, progress=progress)
    return time.perf_counter() - wall, time.process_time() - used


def alone(store: Store) -> tuple[float, float, float]:
    """CPU seconds of a step's callback, of a heartbeat (written and read) and of a refresh."""
    progress, state = Progress(), TrainerState()
    progress.begin("training", 1000)
    progress.history = [{"step": step, "loss": 1.0, "task_loss": 1.0, "penalty": 0.0} for step in range(ROWS)]
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    shown = Display(console, None, None)
    shown.add("x", "vanilla")
    shown.heard = {"x": progress.snapshot("x", time.time())}
    follow: Any = Follow(progress, lambda: 0)

    def beat() -> None:
        store.beat(progress.snapshot("x", time.time()))
        store.heartbeats(["x"])

    step = each(lambda: follow.on_step_end(None, state, None), 10_000)
    return step, each(beat, 300), each(lambda: console.print(shown.shown()), 300)


def each(work: Callable[[], None], times: int) -> float:
    """CPU seconds of one call."""
    start = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - start) / times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--steps", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store, config = Store(Path(folder) / "store"), configured(options.steps)
        found: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
        for pair in range(options.pairs + 1):
            for followed in (False, True) if pair % 2 else (True, False):
                found[followed].append(seconds(config, store, followed=followed))
        step, beat, refresh = alone(store)
    rows = []
    for name, part in (("wall seconds", 0), ("CPU seconds", 1)):
        without, with_ = ([one[part] for one in found[side][1:]] for side in (False, True))
        ratios = [ours / theirs for ours, theirs in zip(with_, without, strict=True)]
        low, high = statistics.quantiles(ratios, n=4)[::2]
        cells = [f"{statistics.median(without):.2f}", f"{statistics.median(with_):.2f}"]
        rows.append([name, *cells, f"{statistics.median(ratios):.4f} ({low:.4f} to {high:.4f})"])
    print(tabulate(rows, headers=["a trial", "alone", "followed", "ratio: median (quartiles)"], disable_numparse=True))
    per_second = options.steps / statistics.median(one[0] for one in found[True][1:])
    share = step * per_second + beat / LOCAL_SECONDS + refresh * REFRESH
    print(
        f"\nA step's callback {1e6 * step:.1f} µs, a heartbeat written and read {1e3 * beat:.2f} ms, a refresh "
        f"{1e3 * refresh:.2f} ms: {100 * share:.3f} % of a core at {per_second:.0f} steps a second "
        f"({'within' if share <= MAX_SHARE else 'ABOVE'} {100 * MAX_SHARE:g} %)"
    )


if __name__ == "__main__":
    main()
