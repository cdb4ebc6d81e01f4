"""Kills at random moments: the state of a study whose processes are ended by SIGKILL, again and again.

    python -m tests.benchmarks.kills [--kills 20] [--seed 0] [--steps 40]

A study of real trials runs on Ray from the command line. At random moments a worker, the driver, or all processes at
once are killed. If that ends the command, it is started again. Further studies (other seeds) follow until all kills are
spent, and each study is run to its end. Every trial finished at a kill must still be there afterwards, unchanged byte
for byte and not rewritten. In the end every trial must have the scores, predictions and history of an undisturbed run.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import psutil
from tabulate import tabulate

from harness.cli.main import main as steadytune
from harness.store.store import Store
from tests.benchmarks.processes import title

STUDY = """
task: udpos
methods: [vanilla, {{name: l2, strength: 0.01}}]
settings: [{{learning_rate: 1e-3, max_steps: {steps}, batch_size: 8}}]
seeds: [{first}, {second}]
targets: [de]
"""
TRIALS = 4
WORKER, DRIVER, ALL = "a worker", "the driver", "all processes"
LATEST = 30.0
"""Latest kill, in seconds after a command's start or the last kill: a study's first trials end about then."""


class Run:
    """The command's process, which can be restarted."""

    def __init__(self, command: list[str]) -> None:
        self.command = command
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )

    def kill(self, what: str) -> bool:
        """Kill a worker, the driver or all processes; returns whether there was a process to kill."""
        descendants = psutil.Process(self.process.pid).children(recursive=True)
        if what == WORKER:
            # Idle workers count too.
            workers = [
                one for one in descendants if title(one).startswith("ray::") and not title(one).endswith("Agent")
            ]
            if workers:
                random.choice(workers).kill()
            return bool(workers)
        if what == DRIVER:
            self.process.kill()
        else:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        psutil.wait_procs(descendants, timeout=30)  # Ray's own processes notice that the driver is gone
        for one in descendants:
            if one.is_running():
                one.kill()
        return True


def finished(place: Path) -> dict[str, tuple[int, bytes]]:
    """Time of writing and content of the finished trials' records."""
    return {
        file.parent.name: (file.stat().st_mtime_ns, file.read_bytes()) for file in place.glob("trials/*/result.json")
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=40)
    options = parser.parse_args()
    random.seed(options.seed)
    injected, survived, lost, wrong, resumed, trials = Counter[str](), Counter[str](), 0, 0, 0, 0
    with tempfile.TemporaryDirectory() as scratch:
        study = 0
        while injected.total() < options.kills:
            file, place, undisturbed = (Path(scratch) / f"{kind}-{study}" for kind in ("kills", "store", "undisturbed"))
            file = file.with_suffix(".yaml")
            file.write_text(STUDY.format(steps=options.steps, first=2 * study, second=2 * study + 1), encoding="utf-8")
            command = ["run", str(file), "--no-report", "--checkpoint-minutes", "0.05", "--store"]
            here: Counter[str] = Counter()
            seen: dict[str, tuple[int, bytes]] = {}
            rewritten: set[str] = set()
            run = Run([sys.executable, "-m", "harness.cli", *command, str(place)])
            while run.process.poll() != 0 and injected.total() < options.kills:
                if run.process.poll() is not None:
                    run.start()
                moment, what = random.uniform(1, LATEST), random.choice((WORKER, DRIVER, ALL))
                began = time.monotonic()
                while run.process.poll() is None and time.monotonic() < began + moment:
                    time.sleep(0.05)
                before = finished(place)
                rewritten |= {trial for trial in before if before[trial] != seen.setdefault(trial, before[trial])}
                if len(before) < TRIALS and run.process.poll() is None and run.kill(what):
                    injected[what] += 1
                    here[what] += 1
                    print(
                        f"{injected.total()}: {what} killed after {moment:.0f} s, {len(before)} trials finished",
                        flush=True,
                    )
            if run.process.poll() is None:
                run.process.wait()
            if run.process.returncode != 0:
                run.start()
                run.process.wait()
            assert steadytune([*command, str(undisturbed), "--local"]) == 0
            last = finished(place)
            lost += len(rewritten | {trial for trial, record in seen.items() if last.get(trial) != record})
            store, other = Store(place), Store(undisturbed)
            for trial, record in other.records(other.ids()).items():
                found = store.record(trial)
                trials += 1
                if found is None or any(
                    getattr(found, key) != getattr(record, key) for key in ("scores", "history", "predictions")
                ):
                    wrong += 1
                else:
                    resumed += len(found.cost.resumed_at)
            if run.process.returncode == 0 and not wrong:
                survived.update(here)
            study += 1
    rows = [[what, injected[what], survived[what]] for what in (WORKER, DRIVER, ALL)]
    print(tabulate(rows, headers=["killed", "times", "survived"], tablefmt="github"))
    print(f"\n{trials} trials in {study} studies: {lost} results lost or rewritten, {wrong} unlike undisturbed runs,")
    print(f"{resumed} resumptions from a checkpoint")
    return 0 if trials == TRIALS * study and not lost and not wrong and survived == injected else 1


if __name__ == "__main__":
    sys.exit(main())
