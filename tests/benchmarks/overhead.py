"""The cost of a study beyond its trials: time and memory against bare Ray Tune, and time to read finished trials.

    python -m tests.benchmarks.overhead [--trials 2000] [--records 10000] [--languages 40] [--repeats 3]
        [--fresh-actors 20]

Bare Ray Tune and ``steadytune run --no-report`` run the same number of trials that do nothing
(``tests.benchmarks.no_op``). Each is its own process, and they take turns: bare, ours, ours, bare, ... Bare keeps its
workers alive, as ours does; that is not Tune's default. ``--fresh-actors`` runs some trials with the default for
comparison (0 for none). Our side plans a study and reads the fingerprints of an encoder and all test sets. It writes
every trial's record, predictions and history into an empty store, and a line about each to a pipe. A run's figures:

- seconds from the command to its end, and from the first trial's end to the last trial's end;
- CPU seconds of the driver;
- the driver's resident memory against the number of ended trials: the slope of a line through the samples. The first
  tenth is left out, because many imports are still under way.

A figure is the median over the repeats, a ratio the median of the repeats' own ratios. The scan reads a store of
finished trials with records of ``--languages`` languages, in separate processes. It times the standing of every trial
(``Store.standing``), and ``steadytune run`` on the study with nothing left to do. Standard output has the table, with
the load before and after; progress goes to standard error. Linux.
"""

import argparse
import json
import math
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import yaml
from tabulate import tabulate

from harness.execution.plan import plan
from harness.store.record_json import to_json
from harness.store.store import Store
from harness.study import Study, TrialConfig
from harness.tasks import task_named
from tests.benchmarks import no_op

ROOT = Path(__file__).parents[2]
SIDES = ("bare", "ours")
TASK = "panx"
SENTENCE = "Dogs\tO\nbark\tO\n"
STRENGTHS, SEEDS = (0.001, 0.01, 0.1), 10
"""Strengths of l2 beside vanilla, and number of seeds. The number of settings follows from the number of trials."""
MAX_RATIO, MAX_SCAN_SECONDS = 1.3, 3.0
"""Targets of the benchmark."""
ENDED = re.compile(r"ended|\s*\d+/\d+  .*")
"""Lines that report a trial's end: of bare, and of ours (``harness.execution.progress``)."""
SETTLED = 0.1
"""Share of the trials whose samples of memory are left out."""


@dataclass(frozen=True)
class Run:
    """One process that ran many trials that do nothing."""

    seconds: float
    """Seconds from its start to its end."""
    between: float
    """Seconds from the first trial's end to the last trial's end."""
    cpu_seconds: float
    """CPU seconds of the driver alone."""
    memory: list[tuple[int, float]]
    """Number of ended trials, and the driver's memory in MiB at that time."""

    @property
    def slope(self) -> float:
        """Growth of memory, MiB per 1,000 trials."""
        kept = [pair for pair in self.memory if pair[0] > SETTLED * len(self.memory)]
        return float(np.polyfit(*zip(*kept, strict=True), 1)[0]) * 1000

    @property
    def per_trial(self) -> float:
        """Milliseconds per trial."""
        return 1000 * self.between / (len(self.memory) - 1)


def watched(arguments: Sequence[str], trials: int) -> Run:
    """Run a side of ``no_op`` and sample its memory."""
    command = [sys.executable, "-m", "tests.benchmarks.no_op", *arguments]
    start = time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT, env=_environment(), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    ends: list[float] = []
    memory: list[tuple[int, float]] = []
    told = []
    for line in process.stdout:
        told.append(line)
        if ENDED.match(line):
            ends.append(time.monotonic())
            memory.append((len(ends), no_op.resident(process.pid)))
    _, status, used = os.wait4(process.pid, 0)
    if status or len(ends) != trials:
        sys.exit(
            f"{' '.join(command)} ended {len(ends)} of {trials} trials, with {os.waitstatus_to_exitcode(status)}: "
            f"{''.join(told[-5:])}"
        )
    return Run(time.monotonic() - start, ends[-1] - ends[0], used.ru_utime + used.ru_stime, memory)


def seconds_of(arguments: Sequence[str]) -> tuple[float, str]:
    """Seconds from a side's command to its end, and its output."""
    command = [sys.executable, "-m", "tests.benchmarks.no_op", *arguments]
    start = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, env=_environment(), capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stdout[-500:]}{done.stderr[-2000:]}")
    return time.monotonic() - start, done.stdout


def _environment() -> dict[str, str]:
    return {**os.environ, "HF_HUB_OFFLINE": "1"}


def written_study(folder: Path, name: str, trials: int, languages: int) -> tuple[Path, Study]:
    """Write the file of a study with the given numbers of trials and languages, and its data: one sentence per file."""
    source, *targets = ("en", *(language for language in task_named(TASK).languages if language != "en"))[:languages]
    data = folder / "data" / TASK
    data.mkdir(parents=True, exist_ok=True)
    for part in (f"train-{source}", f"dev-{source}", *(f"test-{language}" for language in (source, *targets))):
        (data / f"{part}.tsv").write_text(SENTENCE)
    count = trials // ((len(STRENGTHS) + 1) * SEEDS)
    content = {
        "name": name,
        "question": "What do trials that do nothing cost?",
        "task": TASK,
        "data": str(data.parent),
        "methods": ["vanilla", *({"name": "l2", "strength": strength} for strength in STRENGTHS)],
        "settings": [{"learning_rate": float(rate), "max_steps": 1000} for rate in np.geomspace(1e-6, 1e-3, count)],
        "seeds": list(range(SEEDS)),
        "targets": targets,
    }
    file = folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump(content))
    return file, Study.from_json(content)


def fill(place: Path, study: Study, trials: list[TrialConfig]) -> None:
    """Fill a store with a study whose trials have all finished.

    Files are not synced, and files that a scan does not read are left empty.
    """
    store = Store(place)
    store.save_study(study, trials)
    for trial in trials:
        names = {"predictions": "predictions-none.parquet", "history": "history-none.parquet"}
        made = replace(no_op.run_trial(trial).record, finished="2026-01-01T00:00:00+00:00", **names)
        folder = place / "trials" / trial.id
        folder.mkdir(parents=True)
        for name in names.values():
            (folder / name).touch()
        (folder / "result.json").write_text(json.dumps(to_json(made), ensure_ascii=False, indent=1) + "\n")


def scanned(folder: Path, options: argparse.Namespace) -> list[list[str]]:
    """The table's rows about a store of finished trials."""
    file, study = written_study(folder, "finished", options.records, options.languages)
    trials, place = plan(study), folder / "store"
    fill(place, study, trials)
    size = statistics.mean(found.stat().st_size for found in place.glob("trials/*/result.json")) / 2**10
    found: list[dict[str, float]] = []
    again: list[float] = []
    for repeat in range(options.repeats):
        print(f"{repeat + 1}/{options.repeats} scan ...", file=sys.stderr)
        found.append(json.loads(seconds_of(["scan", study.name, "--store", str(place)])[1]))
        again.append(
            seconds_of(["ours", "run", str(file), "--store", str(place), "--no-report", "--gpus-per-trial", "0"])[0]
        )
    medians = {name: statistics.median(each[name] for each in found) for name in found[0]}
    what = f"{len(trials)} finished trials of {len(study.targets) + 1} languages, {size:.0f} KiB each"
    return [
        [
            f"{what}: standing, s",
            "",
            f"{medians['standing']:.2f}",
            "",
            *verdict(medians["standing"], MAX_SCAN_SECONDS, "s"),
        ],
        ["their records alone, s", "", f"{medians['records']:.2f}", "", "", ""],
        ["their study's plan from the store, s", "", f"{medians['study']:.2f}", "", "", ""],
        ["resident memory with all records, MiB", "", f"{medians['resident_mib']:.0f}", "", "", ""],
        ["`steadytune run` with nothing to do, s", "", f"{statistics.median(again):.1f}", "", "", ""],
    ]


def verdict(found: float, most: float, unit: str) -> list[str]:
    """A target, and whether it is met."""
    return [f"≤ {most:g} {unit}", "yes" if found <= most else "NO"]


def compared(runs: dict[str, list[Run]]) -> list[list[str]]:
    """The table's rows about bare and ours."""
    rows = []
    for what, name, digits in (
        ("command to its end, s", "seconds", 1),
        ("first trial's end to the last's, ms a trial", "per_trial", 1),
        ("driver's CPU seconds", "cpu_seconds", 1),
        ("driver's memory, MiB per 1,000 trials", "slope", 2),
    ):
        values = {side: [getattr(run, name) for run in runs[side]] for side in SIDES}
        ratio = statistics.median(
            ours / bare if bare else math.nan for bare, ours in zip(values["bare"], values["ours"], strict=True)
        )
        cells = [f"{statistics.median(values[side]):.{digits}f}" for side in SIDES]
        target = verdict(ratio, MAX_RATIO, "×") if name == "seconds" else ["", ""]
        rows.append([what, *cells, f"{ratio:.2f}", *target])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=2000, help="of each side (default: %(default)s); 0 for none")
    parser.add_argument(
        "--records", type=int, default=10_000, help="finished trials to scan (default: %(default)s); 0 for none"
    )
    parser.add_argument("--languages", type=int, default=40)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument(
        "--fresh-actors", type=int, default=20, metavar="TRIALS", help="of bare, a worker each; 0 for none"
    )
    options = parser.parse_args()
    unit = (len(STRENGTHS) + 1) * SEEDS
    if options.fresh_actors == 1:
        parser.error("--fresh-actors: at least 2, or 0 for none")
    if options.trials % unit or options.records % unit:
        parser.error(f"--trials, --records: multiples of {unit}, methods × seeds of the study")
    load = os.getloadavg()[0]
    rows: list[list[str]] = []
    if options.trials:
        runs: dict[str, list[Run]] = {side: [] for side in SIDES}
        for repeat in range(options.repeats):
            for side in SIDES if repeat % 2 == 0 else reversed(SIDES):
                print(f"{repeat + 1}/{options.repeats} {side} ...", end=" ", file=sys.stderr, flush=True)
                with tempfile.TemporaryDirectory(prefix="overhead-") as scratch:
                    file, _ = written_study(Path(scratch), "no-op", options.trials, options.languages)
                    command = ["run", str(file), "--store", f"{scratch}/store", "--no-report", "--gpus-per-trial", "0"]
                    run = watched(
                        ["bare", str(options.trials)] if side == "bare" else ["ours", *command], options.trials
                    )
                runs[side].append(run)
                print(f"{run.seconds:.0f} s", file=sys.stderr)
        rows += compared(runs)
    if options.fresh_actors:
        run = watched(["bare", str(options.fresh_actors), "--fresh-actors"], options.fresh_actors)
        rows.append(
            [f"{options.fresh_actors} trials in a worker each, ms a trial", f"{run.per_trial:.1f}", "", "", "", ""]
        )
    if options.records:
        with tempfile.TemporaryDirectory(prefix="overhead-") as scratch:
            rows += scanned(Path(scratch), options)
    print(
        f"{options.trials} trials of nothing, {options.languages} languages, {os.cpu_count()} cores, median of "
        f"{options.repeats}; load {load:.1f} before, {os.getloadavg()[0]:.1f} after\n"
    )
    print(tabulate(rows, ["", "bare", "ours", "ratio", "target", "met"], disable_numparse=True, tablefmt="github"))


if __name__ == "__main__":
    main()
