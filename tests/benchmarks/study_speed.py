"""Speed of a whole study relative to the peer, with the cost of trial starts and evaluation, and memory.

    python -m tests.benchmarks.study_speed [--repeats 3] [--json FILE]
    python -m tests.benchmarks.study_speed --precision auto --peers fp32 bf16 [...]
    python -m tests.benchmarks.study_speed --encoder DIR --rates 3e-4 --seeds 0 1 [...]

The peer is ``tests.benchmarks.peer_recipe``; ours is ``steadytune run`` with a clock (``tests.benchmarks.watched``) on
an empty store. Both run the same grid: every rate with every seed, without and with a pull towards the pretrained
weights (l2). Encoder, examples, steps and cores are the same. The peer runs in the same precision as ours, or in each
precision of ``--peers``. All sides are separate processes and take turns: peer, ours, ours, peer, ... Each peer has a
table of its own, with the same runs of ours. A figure is the median over the repeats. A ratio is the median of the
repeats' own ratios, with the smallest and the largest.

A table is void if its two sides do different work; the line above it then says VOID. Work differs if the numbers of
steps or of scored sentences differ, or the scores by more than seeds explain. A t-test compares each cell's mean scores
in the first repeat, at 5 % for all cells and both scores together. It uses the standard deviation over seeds within
cells. The exit code is 1 if a table is void. Standard output has the tables; standard error has the progress. CPU only,
English UDPOS.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from tabulate import tabulate

from harness.data.origin import Origin
from harness.embedded import UDPOS
from harness.encoders import pinning
from harness.execution.plan import plan
from harness.methods import L2, Method, Vanilla
from harness.store.store import Store
from harness.study import Setting, Study, TrialConfig
from harness.tasks import task_named
from harness.training import precision
from tests.benchmarks.peer_recipe import Job

ROOT = Path(__file__).parents[2]
TARGETS = ("ar", "de", "es", "fi", "fr", "hi", "ja", "ru", "tr", "vi", "zh")
LEVEL = 0.05
"""Chance that scores are called different when they differ by chance alone."""
SIDES = ("peer", "ours")
SCORES = ("source", "zero_shot")


@dataclass(frozen=True, kw_only=True)
class Trial:
    """The facts about one trial of either side. Times are in seconds since the epoch, scores in points."""

    strength: float
    learning_rate: float
    seed: int
    source: float
    zero_shot: float
    steps: int
    worker: int
    """Id of the trial's process."""
    began: float
    """Time at which its function was called in a worker."""
    first_step: float
    trained: float
    ended: float
    evaluation_seconds: float
    examples: int
    """Number of scored sentences, over all languages and the source's dev set."""
    peak_mib: float
    """Peak resident memory of its process during this trial alone."""

    @property
    def cell(self) -> tuple[float, float]:
        """Strength and learning rate, which all seeds of a cell share."""
        return self.strength, self.learning_rate


@dataclass(frozen=True)
class Run:
    """One process that ran all trials."""

    began: float
    ended: float
    trials: list[Trial]


@dataclass(frozen=True)
class Line:
    """A line of the table: a figure of a run, whether larger is better, and its target."""

    name: str
    figure: Callable[[Run], float]
    more: bool = False
    ratio: float | None = None
    """Smallest accepted ratio, oriented so that larger is better."""
    ratio_in_16_bits: float | None = None
    """The same, if the peer runs in 16 bits; ``ratio`` if None."""
    most: float | None = None
    """Largest accepted figure of ours."""


def slots(run: Run) -> int:
    """Largest number of simultaneous trials."""
    moves = sorted([(trial.ended, -1) for trial in run.trials] + [(trial.began, 1) for trial in run.trials])
    running = [sum(move for _, move in moves[: n + 1]) for n in range(len(moves))]
    return max(running)


def warm_starts(run: Run) -> list[float]:
    """Seconds from a slot's release to the next trial's first step, without the first trial of each slot.

    A slot is free once its trial has ended; the next trial already waits. Only Tune's own work lies between a trial's
    end and the scheduling of the next. If workers are reused, slots are workers. If each trial has its own worker, the
    slot that was free first is taken next.
    """
    workers: dict[int, list[Trial]] = {}
    for trial in sorted(run.trials, key=lambda trial: trial.began):
        workers.setdefault(trial.worker, []).append(trial)
    if len(workers) < len(run.trials):
        return [after.first_step - before.ended for own in workers.values() for before, after in pairwise(own)]
    ends, steps = (sorted(getattr(trial, name) for trial in run.trials) for name in ("ended", "first_step"))
    return [step - end for end, step in zip(ends, steps[slots(run) :], strict=False)]


def _of(pick: Callable[[Sequence[float]], float], figures: Callable[[Run], list[float]]) -> Callable[[Run], float]:
    return lambda run: pick(found) if (found := figures(run)) else math.nan


def _each(figure: Callable[[Trial], float]) -> Callable[[Run], list[float]]:
    return lambda run: [figure(trial) for trial in run.trials]


def _vanilla_peaks(run: Run) -> list[float]:
    """Peaks without the pull: the peer keeps several copies of the weights for the pull."""
    return [trial.peak_mib for trial in run.trials if not trial.strength]


LINES = (
    Line(
        "whole study: command to last score, s",
        lambda run: max(t.ended for t in run.trials) - run.began,
        ratio=4,
        ratio_in_16_bits=2.5,
    ),
    Line("whole study: command to its end, s", lambda run: run.ended - run.began),
    Line("warm start: worker free to first step, s, slowest trial", _of(max, warm_starts), most=0.5),
    Line("warm start: worker free to first step, s, median trial", _of(statistics.median, warm_starts)),
    Line("trial begun to first step, s, median trial", _of(statistics.median, _each(lambda t: t.first_step - t.began))),
    Line(
        "training steps/s of a trial, median",
        _of(statistics.median, _each(lambda t: t.steps / (t.trained - t.first_step))),
        more=True,
    ),
    Line(
        "evaluation, sentences/s, median trial",
        _of(statistics.median, _each(lambda t: t.examples / t.evaluation_seconds)),
        True,
        ratio=2,
    ),
    Line("peak resident memory, MiB, vanilla trials' median", _of(statistics.median, _vanilla_peaks), ratio=2),
    Line("peak resident memory, MiB, largest trial", _of(max, _each(lambda t: t.peak_mib)), ratio=2),
)


def table(runs: dict[str, list[Run]], in_16_bits: bool = False) -> list[list[str]]:
    """One row per line: name, peer, ours, ratio (larger is better), target, whether it is met.

    Args:
        runs: Runs of the two ``SIDES``, in pairs.
        in_16_bits: Whether the peer ran in 16 bits.
    """
    rows = []
    for line in LINES:
        figures = [[line.figure(run) for run in runs[side]] for side in SIDES]
        ratios = sorted((b / a if line.more else a / b) for a, b in zip(*figures, strict=True))
        peer, ours, ratio = (statistics.median(values) for values in (*figures, ratios))
        target = met = ""
        least = line.ratio if line.ratio_in_16_bits is None or not in_16_bits else line.ratio_in_16_bits
        if least is not None:
            target, met = f"≥ {least:g} ×", "yes" if ratio >= least else "no"
        if line.most is not None:  # the bound must hold in every run
            target, met = f"≤ {line.most:g}", "yes" if max(figures[1]) <= line.most else "no"
        if math.isnan(ratio):  # no slot had a second trial
            rows.append([line.name, "–", "–", "–", target, "–" if target else ""])
        else:
            rows.append(
                [line.name, _short(peer), _short(ours), f"{ratio:.2f} ({ratios[0]:.2f}–{ratios[-1]:.2f})", target, met]
            )
    return rows


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


@dataclass(frozen=True)
class Difference:
    """Mean score of one cell on either side, and the difference that seeds may cause."""

    cell: tuple[float, float]
    score: str
    peer: float
    ours: float
    allowed: float

    @property
    def same(self) -> bool:
        return abs(self.ours - self.peer) <= self.allowed


def differences(peer: Sequence[Trial], ours: Sequence[Trial]) -> list[Difference]:
    """The two sides' scores by cell, with the allowed difference. Needs two seeds.

    The allowed difference is t · s · √(2/n) for n seeds. s is the standard deviation over seeds (ddof 1 in each cell
    and side, pooled over them). t is at ``LEVEL`` over all cells and scores (Bonferroni).
    """
    from scipy.stats import t

    cells = list(dict.fromkeys(trial.cell for trial in peer))
    found = []
    for score in SCORES:
        groups = {
            (side, cell): [getattr(trial, score) for trial in trials if trial.cell == cell]
            for side, trials in zip(SIDES, (peer, ours), strict=True)
            for cell in cells
        }
        spread = math.sqrt(statistics.mean(statistics.variance(group) for group in groups.values()))
        seeds = len(next(iter(groups.values())))
        freedom = len(groups) * (seeds - 1)
        allowed = float(t.isf(LEVEL / (2 * len(cells) * len(SCORES)), freedom)) * spread * math.sqrt(2 / seeds)
        found += [
            Difference(cell, score, *(statistics.mean(groups[side, cell]) for side in SIDES), allowed) for cell in cells
        ]
    return found


def void(runs: dict[str, list[Run]], compared: Sequence[Difference]) -> list[str]:
    """Reasons why the comparison is void; empty if it is valid."""
    reasons = [
        f"{d.score} of {named(d.cell)}: {d.peer:.2f} and {d.ours:.2f}, {d.allowed:.2f} allowed"
        for d in compared
        if not d.same
    ]
    for name in ("steps", "examples"):
        counts = {side: sorted({getattr(trial, name) for run in runs[side] for trial in run.trials}) for side in SIDES}
        if counts["peer"] != counts["ours"]:
            reasons.append(f"{name}: {counts['peer']} and {counts['ours']}")
    return reasons


def named(cell: tuple[float, float]) -> str:
    return f"{f'l2 {cell[0]:g}' if cell[0] else 'vanilla'}, rate {cell[1]:g}"


def study_of(options: argparse.Namespace) -> Study:
    """The study that ours runs."""
    methods: tuple[Method, ...] = (Vanilla(), L2(strength=options.strength))
    rest = {"max_steps": options.steps, "warmup_steps": options.warmup, "batch_size": options.batch_size}
    return Study(
        name="study-speed",
        task="udpos",
        methods=methods,
        settings=tuple(Setting(learning_rate=rate, **rest) for rate in options.rates),
        seeds=tuple(options.seeds),
        targets=tuple(options.languages),
        encoder=options.encoder,
        precision=options.precision,
    )


def job_of(study: Study, trials: Sequence[TrialConfig], options: argparse.Namespace, peer: str) -> Job:
    """The same study as a job for the peer, in the peer's precision."""
    setting = study.settings[0]
    return Job(
        encoder=pinning.pinned(trials[0].encoder, trials[0].encoder_revision).path,
        data=str(UDPOS),
        labels=list(task_named(Origin.of(trials[0]).task).labels),
        source=study.source,
        targets=list(study.targets),
        max_steps=options.steps,
        warmup_steps=setting.warmup_steps,
        batch_size=setting.batch_size,
        max_length=setting.max_length,
        schedule=setting.schedule,
        weight_decay=setting.weight_decay,
        max_grad_norm=setting.max_grad_norm,
        bf16=peer == "bf16",
        eval_batch_size=options.eval_batch_size,
        cpus_per_trial=options.cpus_per_trial,
        reuse_actors=options.reuse_actors,
        trials=[_varied(trial) for trial in trials],
    )


def _varied(trial: TrialConfig) -> dict[str, Any]:
    strength = trial.method.strength if isinstance(trial.method, L2) else 0.0
    return {"strength": strength, "learning_rate": trial.setting.learning_rate, "seed": trial.seed}


def run_peer(job: Job, folder: Path) -> Run:
    (folder / "job.json").write_text(json.dumps(asdict(job)))
    began, ended = _timed(["tests.benchmarks.peer_recipe", folder / "job.json", folder / "results.json"], folder)
    return Run(began, ended, [Trial(**found) for found in json.loads((folder / "results.json").read_text())])


def run_ours(study: Study, trials: Sequence[TrialConfig], cpus: int, folder: Path) -> Run:
    (folder / "study.yaml").write_text(json.dumps(study.to_json()))  # JSON is YAML
    (folder / "times").mkdir()
    resources = ["--cpus-per-trial", cpus, "--gpus-per-trial", 0]
    command = ["run", folder / "study.yaml", "--store", folder / "store", *resources, "--no-report"]
    began, ended = _timed(["tests.benchmarks.watched", folder / "times", *command], folder)
    store, found = Store(str(folder / "store"), create=False), []
    for trial in trials:
        record = store.record(trial.id)
        assert record is not None
        tests = record.in_metric("test")
        found.append(
            Trial(
                **_varied(trial),
                **json.loads((folder / "times" / f"{trial.id}.json").read_text()),
                source=tests[trial.source],
                zero_shot=record.zero_shot,
                steps=record.cost.steps,
                evaluation_seconds=record.cost.evaluation_seconds,
                examples=record.examples,
                peak_mib=record.cost.peak_memory_mib["resident"],
            )
        )
    return Run(began, ended, found)


def _timed(command: Sequence[object], folder: Path) -> tuple[float, float]:
    """Run a Python module as a process and return its start and end times."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": path, "HF_HUB_OFFLINE": "1", "RAY_USAGE_STATS_ENABLED": "0"}
    with (folder / "log").open("w") as log:
        began = time.time()
        done = subprocess.run(
            [sys.executable, "-m", *map(str, command)], cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        ended = time.time()
    if done.returncode:
        raise SystemExit(f"{command[0]} failed:\n{(folder / 'log').read_text()[-4000:]}")
    return began, ended


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3, help="runs of either side (default: %(default)s)")
    parser.add_argument(
        "--encoder",
        default="embedded",
        metavar="DIR",
        help="'embedded', or a folder, e.g. of harness.embedded.e5_small",
    )
    parser.add_argument(
        "--languages", nargs="+", default=TARGETS, metavar="XX", help="target languages (default: all 11 embedded ones)"
    )
    parser.add_argument(
        "--rates", nargs="+", type=float, default=(1e-3, 2e-3), metavar="X", help="learning rates (default: 1e-3 2e-3)"
    )
    parser.add_argument(
        "--seeds", nargs="+", type=int, default=(0, 1, 2, 3), metavar="N", help="at least two (default: 0 1 2 3)"
    )
    parser.add_argument("--strength", type=float, default=0.05, metavar="X", help="of l2 (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=60, metavar="N", help="of a trial (default: %(default)s)")
    parser.add_argument("--warmup", type=int, default=6, metavar="N", help="steps (default: %(default)s)")
    parser.add_argument("--batch-size", type=int, default=16, metavar="N", help="(default: %(default)s)")
    parser.add_argument(
        "--precision", choices=("fp32", "bf16", "auto"), default="fp32", help="of ours (default: %(default)s)"
    )
    parser.add_argument(
        "--peers", nargs="+", choices=("fp32", "bf16"), help="precisions of the peer, a table each (default: of ours)"
    )
    parser.add_argument(
        "--cpus-per-trial", type=int, default=1, metavar="N", help="of both sides (default: %(default)s)"
    )
    parser.add_argument(
        "--eval-batch-size", type=int, default=32, metavar="N", help="of the peer (default: %(default)s)"
    )
    parser.add_argument(
        "--reuse-actors", action="store_true", help="let the peer's workers live on, which is not Tune's default"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the measurements of every trial")
    options = parser.parse_args()
    if len(set(options.seeds)) < 2:
        parser.error("--seeds: at least two, or there is no seed noise to compare the scores with")

    study = study_of(options)
    trials = plan(study, gpus=0)
    chosen = precision.chosen(study.precision, 0)
    peers = list(dict.fromkeys(options.peers or [chosen]))
    jobs = {f"peer in {peer}": job_of(study, trials, options, peer) for peer in peers}
    runs: dict[str, list[Run]] = {side: [] for side in (*jobs, "ours")}
    for repeat in range(options.repeats):
        for side in runs if repeat % 2 == 0 else reversed(runs):
            print(f"{repeat + 1}/{options.repeats} {side} ...", end=" ", file=sys.stderr, flush=True)
            with tempfile.TemporaryDirectory(prefix="study-speed-") as scratch:
                folder = Path(scratch)
                run = (
                    run_ours(study, trials, options.cpus_per_trial, folder)
                    if side == "ours"
                    else run_peer(jobs[side], folder)
                )
            runs[side].append(run)
            print(f"{run.ended - run.began:.0f} s", file=sys.stderr)
    if options.json is not None:
        options.json.write_text(
            json.dumps({side: [asdict(run) for run in found] for side, found in runs.items()}, indent=1)
        )
    print(
        f"{study.encoder}, {len(trials)} trials of {options.steps} steps of {options.batch_size}, "
        f"{len(study.targets) + 1} languages, {slots(runs['ours'][0])} at a time with {options.cpus_per_trial} "
        f"core(s) each; {options.repeats} runs; ours in {chosen}"
    )
    valid = [compare(side, {"peer": runs[side], "ours": runs["ours"]}, job.bf16) for side, job in jobs.items()]
    if not all(valid):
        sys.exit(1)


def compare(side: str, runs: dict[str, list[Run]], in_16_bits: bool) -> bool:
    """Print the tables of one peer and return whether they are valid."""
    compared = differences(runs["peer"][0].trials, runs["ours"][0].trials)
    reasons = void(runs, compared)
    unseen = max(d.allowed for d in compared)
    agree = (
        "The two agree within seed noise: no difference of scores is shown. A difference of up to "
        f"{unseen:.1f} points would not show."
    )
    print(f"\n{side}\n" + ("VOID: the two do not do the same: " + "; ".join(reasons) if reasons else agree) + "\n")
    header = ["", "peer", "ours", "ratio", "target", "met"]
    print(tabulate(table(runs, in_16_bits), header, disable_numparse=True, tablefmt="github"), end="\n\n")
    rows = [
        [named(d.cell), d.score, d.peer, d.ours, d.ours - d.peer, f"± {d.allowed:.2f}", "yes" if d.same else "NO"]
        for d in compared
    ]
    header = ["cell", "score", "peer", "ours", "difference", "allowed", "same"]
    print(tabulate(rows, header, floatfmt=".2f", tablefmt="github"))
    return not reasons


if __name__ == "__main__":
    main()
