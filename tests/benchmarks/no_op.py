"""The two sides of ``tests.benchmarks.overhead``: many trials that do nothing, on bare Ray Tune and as
``steadytune run``.

    python -m tests.benchmarks.no_op bare TRIALS [--fresh-actors]
    python -m tests.benchmarks.no_op ours run STUDY --store PLACE [...]
    python -m tests.benchmarks.no_op scan STUDY --store PLACE

``bare`` is the cost of Tune by itself: a function that reports one number. Tune's own result files and output are off,
as in ours. ``bare`` prints one line per ended trial. ``ours`` is a command line of ``steadytune``, unchanged except for
``run_trial``, which trains and scores nothing. Its made-up record, predictions and history go into the store as usual.
``scan`` prints the seconds that a fresh process needs to read a finished study's records from a store, and its resident
memory then.
"""

import argparse
import json
import logging
import os
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.store.result import TrialResult
    from harness.study import TrialConfig

QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
    "TUNE_GLOBAL_CHECKPOINT_S": "inf",
}
"""The environment that ours sets for Ray and Tune (``harness.compat.ray``).

Without this environment, bare would write files for every trial, and Tune's own state.
"""
OBJECT_STORE_BYTES = 100 * 2**20
EXAMPLES, WINDOWS = 20, 50
"""Number of scored sentences per language, and number of windows in the learning history."""


# Bare


def report_one(config: dict[str, Any]) -> None:
    """The bare trainable."""
    from ray import tune

    tune.report({"score": config["number"]})


def bare(trials: int, *, reuse_actors: bool) -> None:
    """Run ``trials`` trials, a grid of numbers, with one worker per core."""
    os.environ.update(QUIET)
    import ray
    from ray import tune

    class Ended(tune.Callback):
        def on_trial_complete(self, *args: Any, **rest: Any) -> None:
            print("ended", flush=True)

    for name in ("ray", "ray.tune"):
        logging.getLogger(name).setLevel(logging.ERROR)
    ray.init(
        address="local",
        include_dashboard=False,
        object_store_memory=OBJECT_STORE_BYTES,
        log_to_driver=False,
        logging_level=logging.ERROR,
    )
    with tempfile.TemporaryDirectory() as scratch:
        tuner = tune.Tuner(
            tune.with_resources(report_one, {"cpu": 1}),
            param_space={"number": tune.grid_search(list(range(trials)))},
            tune_config=tune.TuneConfig(reuse_actors=reuse_actors, trial_dirname_creator=lambda trial: trial.trial_id),
            run_config=tune.RunConfig(storage_path=scratch, name="bare", verbose=0, callbacks=[Ended()]),
        )
        tuner.fit()
    ray.shutdown()


# Ours


@cache
def do_nothing() -> None:
    """Make the trials of this process train and score nothing from now on."""
    from harness.training import trial

    trial.run_trial = run_trial


def run_trial(config: "TrialConfig", **options: Any) -> "TrialResult":
    """A made-up result, as large as a real result on small test sets."""
    from harness.common.provenance import provenance
    from harness.store.record import Score, ScoredCheckpoint, TrialCost
    from harness.store.result import HISTORY, Scored, TrialResult
    from harness.training.trial import made_record

    def scored(split: str, language: str, fingerprint: str) -> Scored:
        labels = [[number % 3] * 5 for number in range(EXAMPLES)]
        metrics = {"f1": 61.8033988749895, "accuracy": 87.234042553191489}
        found = Score(metrics=metrics, majority=50.0, unknown=0.25, examples=EXAMPLES, fingerprint=fingerprint)
        return Scored(split, language, labels, labels, found)

    parts = [
        scored("dev", config.source, config.dev_data),
        *(scored("test", *pair) for pair in config.test_data.items()),
    ]
    history = [dict.fromkeys(HISTORY, 0.123456789) for _ in range(WINDOWS)]
    cost = TrialCost(
        seconds=60.123456789,
        preparation_seconds=0.123456789,
        training_seconds=50.123456789,
        evaluation_seconds=10.123456789,
        steps=1000,
        training_tokens=1000000,
        tokens_per_second=12345.6789,
        peak_memory_mib={"resident": 900.5},
        trained_embeddings=10000,
        extra_memory_mib=0.0,
        largest_pull=0.0,
        parameters=100,
        trained_parameters=100,
    )
    record = made_record(config, parts, history, ScoredCheckpoint(step=1000), cost, provenance())
    return TrialResult(record, history, parts)


def ours(arguments: list[str]) -> int:
    """Run ``steadytune`` with these arguments."""
    from harness.cli.main import main as steadytune
    from harness.execution.on_ray import tune as ray_tune
    from tests.benchmarks.idle_worker import Idle

    ray_tune.Worker = Idle
    return steadytune(arguments)


# The store


def scan(name: str, place: Path) -> dict[str, float]:
    """Seconds to read a study's plan, its trials' standing, and their records alone; and resident memory in MiB."""
    from harness.store.store import Store

    store = Store(place, create=False)
    started = time.perf_counter()
    _, trials = store.study(name)
    planned = time.perf_counter()
    standing = store.standing(trials)
    stood = time.perf_counter()
    assert len(standing.finished) == len(trials)
    size = resident(os.getpid())
    del standing
    again = time.perf_counter()
    store.records(trial.id for trial in trials)
    return {
        "study": planned - started,
        "standing": stood - planned,
        "records": time.perf_counter() - again,
        "resident_mib": size,
    }


def resident(process: int) -> float:
    """Resident memory of a process in MiB (Linux)."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> int:
    if sys.argv[1:2] == ["ours"]:
        return ours(sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sides = parser.add_subparsers(dest="side", required=True)
    side = sides.add_parser("bare")
    side.add_argument("trials", type=int)
    side.add_argument(
        "--fresh-actors", action="store_true", help="a new worker for every trial, which is Tune's default"
    )
    side = sides.add_parser("scan")
    side.add_argument("study")
    side.add_argument("--store", type=Path, required=True)
    options = parser.parse_args()
    if options.side == "bare":
        bare(options.trials, reuse_actors=not options.fresh_actors)
    else:
        print(json.dumps(scan(options.study, options.store)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
