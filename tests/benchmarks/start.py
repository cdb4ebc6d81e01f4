"""Seconds from the command to a study's first training step and to other stages, beside the peer's.

    python -m tests.benchmarks.start [--rounds 3]

The study has about as many trials as this machine has cores, half of them with l2. Both sides run the same trials, as
in ``tests.benchmarks.study_speed``, and take turns. Each line is a time after the start of the command. A figure is the
median over the rounds, with the smallest and the largest. CPU only.
"""

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

from tabulate import tabulate

from harness.common.machine.cores import cores
from harness.execution.plan import plan
from tests.benchmarks.study_speed import SIDES, TARGETS, Run, job_of, run_ours, run_peer, study_of

LINES = {
    "read": "the study is read",
    "planned": "its trials are planned",
    "checked": "its encoder and its text are checked",
    "tried": "a step of each method is tried",
    "began": "the first trial begins in a worker",
    "first_step": "the first trial takes its first training step",
    "all_step": "all trials have taken their first training step",
}
"""Lines of the table, by the name of a time."""


def times_of(run: Run, folder: Path) -> dict[str, float]:
    """Seconds from the start of a run's command to each time."""
    file = folder / "times" / "command.json"  # the peer has none
    found: dict[str, float] = json.loads(file.read_text()) if file.exists() else {}
    steps = sorted(trial.first_step for trial in run.trials)
    found |= {"began": min(trial.began for trial in run.trials), "first_step": steps[0], "all_step": steps[-1]}
    return {name: time - run.began for name, time in found.items()}


def figure(times: list[float]) -> str:
    return f"{statistics.median(times):.1f} ({min(times):.1f}–{max(times):.1f})" if times else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="runs of either side (default: %(default)s)")
    given = parser.parse_args()
    options = argparse.Namespace(
        encoder="embedded",
        languages=TARGETS,
        rates=(1e-3,),
        seeds=tuple(range(max(1, cores() // 2))),
        strength=0.05,
        steps=3,
        warmup=1,
        batch_size=16,
        precision="fp32",
        eval_batch_size=32,
        cpus_per_trial=1,
        reuse_actors=False,
    )
    study = study_of(options)
    trials = plan(study, gpus=0)
    job = job_of(study, trials, options, "fp32")
    found: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
    for number in range(given.rounds):
        for side in SIDES if number % 2 == 0 else reversed(SIDES):
            with tempfile.TemporaryDirectory(prefix="start-") as scratch:
                folder = Path(scratch)
                run = run_peer(job, folder) if side == "peer" else run_ours(study, trials, 1, folder)
                found[side].append(times_of(run, folder))
            print(f"{number + 1}/{given.rounds} {side}: {found[side][-1]['first_step']:.1f} s", file=sys.stderr)
    rows = [
        [line, *(figure([times[name] for times in found[side] if name in times]) for side in SIDES)]
        for name, line in LINES.items()
    ]
    print(f"{len(trials)} trials on {cores()} cores; seconds after the command, {given.rounds} rounds")
    print(tabulate(rows, ["", "peer", "ours"], disable_numparse=True, tablefmt="github"))


if __name__ == "__main__":
    main()
