"""Growth of cost: seconds against the number of languages, training examples, penalty terms and trials, with slopes.

    python -m tests.benchmarks.growth [--repeats 3] [--only NAME ...] [--figure FILE.svg]

The harness itself is measured on the embedded encoder, in this process. The exception is the trials: whole
``steadytune run`` commands on Ray with very short trials, from start to end without the report. Examples are the
embedded sentences, repeated if more are needed. Every repeat goes through all n in a new order, so that noise falls on
all equally. Each curve changes only its own n.

Two slopes are given, each with a 95 % interval. *Slope* is the slope of log seconds on log n, as seen on log-log axes:
below the exponent wherever there is a fixed part. *Exponent* is p of seconds = fixed + each × n^p, with fixed and each
not below 0 and errors proportional to the seconds. It is the limit of the slope for large n. Its interval holds all p
whose fit is not worse than the best by the F test. If this interval is the whole range of candidates, the measurements
are uninformative, as for a constant time, and ``–`` is printed.

``--clock cpu`` counts the processor's seconds of this process, which other work on the machine does not lengthen. The
trials, which are other processes, are always timed by the wall clock.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import nnls
from scipy.stats import f, linregress, t
from tabulate import tabulate

from harness import embedded
from harness.data.context import TrialContext
from harness.data.origin import Origin
from harness.encoders import loading, pinning
from harness.execution.plan import plan
from harness.methods import Vanilla
from harness.methods.penalty import Penalty, Term
from harness.setting import Setting
from harness.study import Study
from harness.training.building import build_trainer
from harness.training.evaluation import score

ROOT = Path(__file__).parents[2]
LANGUAGES = ("ru", "ar", "es", "ja", "de", "tr", "hi", "fi", "fr", "vi", "zh")
"""Targets; the first few have sentences of average length. Chinese has twice German's sub-words."""
LEVEL = 0.95
EXPONENTS = np.linspace(0, 3, 301)
"""Candidate exponents."""
SCORED = 20
"""Number of sentences in each dev and test set of the short trials."""
SETTING = Setting(learning_rate=1e-4, max_steps=2, batch_size=16)


@dataclass(frozen=True)
class Curve:
    """A quantity measured at several n."""

    name: str
    unit: str
    """Unit of n."""
    ns: tuple[int, ...]
    seconds: Callable[[int], float]


@dataclass(frozen=True)
class Growth:
    """The growth of a time with n."""

    slope: tuple[float, float, float]
    """Slope of log seconds on log n: estimate and interval."""
    exponent: tuple[float, float, float]
    fixed: float
    """Fixed part, in seconds."""
    each: float
    """Seconds that are multiplied by n ** exponent."""

    @property
    def known(self) -> bool:
        """Whether the measurements determine the exponent at all."""
        return not (self.exponent[1] == EXPONENTS[0] and self.exponent[2] == EXPONENTS[-1])


def growth(ns: Sequence[int], seconds: Sequence[float]) -> Growth:
    """The fits to measurements (n, seconds). Needs three different n, and more than three measurements."""
    n, took = np.asarray(ns, dtype=float), np.asarray(seconds, dtype=float)
    line = linregress(np.log(n), np.log(took))
    width = float(t.ppf((1 + LEVEL) / 2, len(n) - 2)) * line.stderr
    fits = [nnls(np.stack([1 / took, n**p / took], axis=1), np.ones_like(took)) for p in EXPONENTS]
    errors = np.array([error**2 for _, error in fits])
    best = int(errors.argmin())
    freedom = len(n) - 3
    allowed = EXPONENTS[errors <= errors[best] * (1 + f.ppf(LEVEL, 1, freedom) / freedom) + 1e-12]
    fixed, each = fits[best][0]
    return Growth(
        (line.slope, line.slope - width, line.slope + width),
        (float(EXPONENTS[best]), float(allowed[0]), float(allowed[-1])),
        float(fixed),
        float(each),
    )


def curves(folder: Path, options: argparse.Namespace) -> list[Curve]:
    """All available curves."""
    import json

    import torch

    clock = {"wall": time.perf_counter, "cpu": time.process_time}[options.clock]
    study = Study(
        name="growth",
        task="udpos",
        methods=(Vanilla(),),
        settings=(SETTING,),
        seeds=(0,),
        targets=LANGUAGES,
        precision="fp32",
    )
    if options.scored is not None:
        make_data(folder / "cut", max(options.epoch), options.scored)
        study = replace(study, data=str(folder / "cut"))
    (trial,) = plan(study, gpus=0)
    trainer = build_trainer(TrialContext.of(trial, folder))
    model, encoder = trainer.model, pinning.pinned(trial.encoder, trial.encoder_revision)
    for language in LANGUAGES:
        TrialContext.of(trial, folder).encoded("test", language)  # tokenises

    def evaluation(languages: int) -> float:
        targets = LANGUAGES[: languages - 1]
        config = replace(
            trial, targets=targets, test_data={language: trial.test_data[language] for language in ("en", *targets)}
        )
        return timed(lambda: score(model, TrialContext.of(config, folder)), clock)

    def of_examples(count: int, **setting: Any) -> Study:
        data = folder / f"data-{count}"
        if not data.exists():
            make_data(data, count)
        return replace(study, data=str(data), targets=("de",), settings=(replace(SETTING, **setting),))

    def preparation(examples: int) -> float:
        made = of_examples(examples)
        data = folder / f"data-{time.monotonic_ns()}"  # nothing read or tokenised before
        Path(made.data).rename(data)
        with tempfile.TemporaryDirectory() as cache:
            moved = replace(made, data=str(data))
            took = timed(lambda: build_trainer(TrialContext.of(plan(moved, gpus=0)[0], Path(cache))), clock)
        data.rename(made.data)
        return took

    def epoch(examples: int) -> float:
        (one,) = plan(of_examples(examples, epochs=1, max_steps=None), gpus=0)
        return timed(build_trainer(TrialContext.of(one, folder)).train, clock)

    pretrained = loading.pretrained(encoder, Origin.of(trial).task)
    importance = {name: torch.rand_like(theta) for name, theta in pretrained.anchor.items()}
    trainer.training_step(model, next(iter(trainer.get_train_dataloader())))  # for the gradients

    def penalty(terms: int) -> Penalty:
        return Penalty(model.base_model, pretrained.anchor, [Term(0.1 / (i + 1), importance) for i in range(terms)])

    def pull(terms: int) -> float:
        bound = penalty(terms)
        return statistics.median(timed(bound.add_gradient_, clock) for _ in range(options.pulls))

    def trials(count: int) -> float:
        made = of_examples(max(options.epoch), max_steps=1, warmup_steps=0)
        file, store = folder / "study.yaml", folder / f"store-{time.monotonic_ns()}"
        file.write_text(json.dumps(replace(made, seeds=tuple(range(count))).to_json()))  # JSON is YAML
        command = [
            sys.executable,
            "-m",
            "harness.cli",
            "run",
            file,
            "--store",
            store,
            "--gpus-per-trial",
            "0",
            "--no-report",
        ]
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        environment = {**os.environ, "PYTHONPATH": path, "HF_HUB_OFFLINE": "1"}
        return timed(
            lambda: subprocess.run(
                [*map(str, command)], cwd=folder, env=environment, stdout=subprocess.DEVNULL, check=True
            )
        )

    return [
        Curve("evaluation", "languages scored", tuple(options.languages), evaluation),
        Curve("preparation", "training examples", tuple(options.examples), preparation),
        Curve("epoch", "training examples", tuple(options.epoch), epoch),
        Curve("pull", "penalty terms", tuple(options.terms), pull),
        Curve("binding", "penalty terms", tuple(options.terms), lambda terms: timed(lambda: penalty(terms), clock)),
        Curve("study", "trials", tuple(options.trials), trials),
    ]


def make_data(folder: Path, count: int, scored: int = SCORED) -> None:
    """Make ``count`` training sentences, and ``scored`` sentences in every other set."""
    (folder / "udpos").mkdir(parents=True)
    for file in embedded.UDPOS.glob("*.tsv"):
        sentences = file.read_text(encoding="utf-8").strip("\n").split("\n\n")
        wanted = count if file.stem.startswith("train") else scored
        (folder / "udpos" / file.name).write_text(
            "\n\n".join(islice(cycle(sentences), wanted)) + "\n\n", encoding="utf-8"
        )


def timed(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    start = clock()
    work()
    return clock() - start


def measured(curve: Curve, repeats: int) -> list[tuple[int, float]]:
    """(n, seconds) of every repeat. An extra first call absorbs one-time costs."""
    order = random.Random(0)
    curve.seconds(curve.ns[0])
    return [(n, curve.seconds(n)) for _ in range(repeats) for n in order.sample(curve.ns, len(curve.ns))]


def row(curve: Curve, points: Sequence[tuple[int, float]], found: Growth) -> list[str]:
    at = "  ".join(f"{n:,}: {statistics.median(s for m, s in points if m == n):.3g}" for n in curve.ns)
    exponent, fixed, each = (
        (_interval(found.exponent), f"{found.fixed:.3g}", f"{found.each:.2g}") if found.known else ("–", "–", "–")
    )
    return [curve.name, curve.unit, at, _interval(found.slope), exponent, fixed, each]


COLUMNS = ["", "n", "seconds at n", "slope", "exponent", "fixed, s", "each, s"]


def _interval(values: tuple[float, float, float]) -> str:
    return f"{values[0]:.2f} [{values[1]:.2f}, {values[2]:.2f}]"


def draw(file: Path, found: Sequence[tuple[Curve, Sequence[tuple[int, float]], Growth]]) -> None:
    """Draw one panel per curve: the measurements, the fit, and slope 1 through the largest n."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    import seaborn as sns
    from matplotlib.ticker import LogLocator, NullLocator

    sns.set_theme(style="whitegrid", context="paper")
    columns = min(3, len(found))
    rows = -(-len(found) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(3.4 * columns, 2.8 * rows), squeeze=False, layout="constrained")
    for axis, (curve, points, grown) in zip(axes.flat, found, strict=False):
        ns, seconds = zip(*points, strict=True)
        line = np.geomspace(min(ns), max(ns), 100)
        sns.scatterplot(x=ns, y=seconds, ax=axis, alpha=0.6)
        if grown.known:
            axis.plot(line, grown.fixed + grown.each * line ** grown.exponent[0], label="fit")
        axis.plot(
            line,
            statistics.median(s for n, s in points if n == max(ns)) * line / max(ns),
            "--",
            color="gray",
            label="slope 1",
        )
        axis.set(xscale="log", yscale="log", xlabel=curve.unit, ylabel="time (s)")
        axis.set_xticks(curve.ns, [f"{n:g}" for n in curve.ns])
        axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.yaxis.set_major_formatter("{x:g}")
        for side in (axis.xaxis, axis.yaxis):
            side.set_minor_locator(NullLocator())
        axis.set_title(f"{curve.name}: slope {_interval(grown.slope)}", fontsize=9)
        axis.legend(fontsize=8)
    for axis in axes.flat[len(found) :]:
        axis.remove()
    figure.savefig(file)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = ("evaluation", "preparation", "epoch", "pull", "binding", "study")
    parser.add_argument(
        "--only", nargs="+", choices=names, default=names, metavar="NAME", help=f"of {', '.join(names)}"
    )
    parser.add_argument("--repeats", type=int, default=3, help="(default: %(default)s)")
    parser.add_argument(
        "--languages", nargs="+", type=int, default=(1, 2, 4, 8, 12), help="the source among them (default: 1 2 4 8 12)"
    )
    parser.add_argument(
        "--examples",
        nargs="+",
        type=int,
        default=(500, 2000, 8000, 32000),
        help="to prepare (default: 500 2000 8000 32000)",
    )
    parser.add_argument(
        "--scored", type=int, metavar="N", help="sentences of each language (default: the embedded ones, 100 to 200)"
    )
    parser.add_argument(
        "--epoch", nargs="+", type=int, default=(64, 128, 256, 512), help="to train on (default: 64 128 256 512)"
    )
    parser.add_argument("--terms", nargs="+", type=int, default=(1, 2, 4, 8, 16), help="(default: 1 2 4 8 16)")
    parser.add_argument("--pulls", type=int, default=20, help="per median (default: %(default)s)")
    parser.add_argument("--trials", nargs="+", type=int, default=(4, 8, 16, 32, 64), help="(default: 4 8 16 32 64)")
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall", help="(default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="(default: %(default)s)")
    parser.add_argument("--figure", type=Path, metavar="FILE", help="draw the curves on log-log axes")
    options = parser.parse_args()

    import torch

    torch.set_num_threads(options.threads)
    found = []
    with tempfile.TemporaryDirectory(prefix="growth-") as folder:
        for curve in curves(Path(folder), options):
            if curve.name in options.only:
                print(f"{curve.name} ...", file=sys.stderr)
                points = measured(curve, options.repeats)
                found.append((curve, points, growth(*zip(*points, strict=True))))
    print(f"embedded encoder, {options.threads} thread(s), medians of {options.repeats}, {options.clock} clock\n")
    print(tabulate([row(*one) for one in found], COLUMNS, tablefmt="github", disable_numparse=True))
    if options.figure is not None:
        draw(options.figure, found)


if __name__ == "__main__":
    main()
