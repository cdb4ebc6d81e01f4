"""Fine-tuning with and without padding in the layers: training time, and equality of the scores up to chance.

    python -m tests.benchmarks.padding [--encoder DIR] [--data DIR] [--seeds 12] [--steps 60] [--rate 1e-3]
        [--precision fp32]

Every seed trains one vanilla model in each way, one right after the other in this process. With dropout the two are
different draws from the same distribution, as two seeds are. Their scores should differ no more than seeds do. Without
dropout ``tests/harness/training/test_varlen.py`` compares their losses and gradients.
"""

import argparse
import tempfile
from pathlib import Path
from unittest.mock import patch

import pandas as pd
from scipy.stats import ttest_rel
from tabulate import tabulate

from harness.execution.plan import plan
from harness.methods import Vanilla
from harness.study import Setting, Study
from harness.training import building, trial

WAYS = ("padded", "packed")
COLUMNS = ("en", "zero-shot", "seconds")


def measured(options: argparse.Namespace) -> pd.DataFrame:
    """One row per seed, with columns way × figure."""
    study = Study(
        name="padding",
        task="udpos",
        methods=(Vanilla(),),
        settings=(
            Setting(
                learning_rate=options.rate, warmup_steps=options.steps // 10, max_steps=options.steps, batch_size=16
            ),
        ),
        seeds=tuple(range(options.seeds)),
        targets=tuple(options.languages),
        encoder=options.encoder,
        data=options.data,
        precision=options.precision,
    )
    rows = {}
    with tempfile.TemporaryDirectory() as cache:
        for config in plan(study):
            found: list[float] = []
            for way in WAYS:
                pack = (lambda model: None) if way == "padded" else building.train_packed
                with patch.object(building, "train_packed", pack):
                    record = trial.run_trial(config, cache=Path(cache)).record
                found += [
                    record.scores.test["en"].metrics["accuracy"],
                    record.zero_shot,
                    record.cost.training_seconds,
                ]
            rows[config.seed] = found
    return pd.DataFrame.from_dict(rows, orient="index", columns=pd.MultiIndex.from_product([WAYS, COLUMNS]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", default="embedded")
    parser.add_argument("--data", default="embedded")
    parser.add_argument("--languages", nargs="+", default=["de", "hi", "fi", "zh"])
    parser.add_argument("--seeds", type=int, default=12)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--precision", default="fp32")
    options = parser.parse_args()
    found = measured(options)
    rows = []
    for what in COLUMNS:
        padded, packed = (found[way, what] for way in WAYS)
        apart = ttest_rel(packed, padded)
        means = [f"{scores.mean():.2f} ± {scores.std(ddof=1):.2f}" for scores in (padded, packed)]
        interval = apart.confidence_interval()
        rows.append(
            [
                what,
                *means,
                f"{(packed - padded).mean():+.2f} [{interval.low:+.2f}, {interval.high:+.2f}]",
                f"{apart.pvalue:.2f}",
            ]
        )
    print(tabulate(rows, ["", *WAYS, "difference, 95 %", "p, paired t"], disable_numparse=True))
    ratio = (found["padded", "seconds"] / found["packed", "seconds"]).median()
    print(f"\nTraining without padding is {ratio:.2f} times as fast (median over {len(found)} seeds).")


if __name__ == "__main__":
    main()
