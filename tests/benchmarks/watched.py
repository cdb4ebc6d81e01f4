"""``steadytune`` with a clock: records when each trial on Ray began, took its first training step, was trained and
ended.

    python -m tests.benchmarks.watched FOLDER run STUDY --store PLACE [...]

The arguments after FOLDER are a command line of ``steadytune``; only the clock is added. FOLDER gets a file
``<trial>.json`` for each trial: ``worker``, its process, and ``began``, ``first_step``, ``trained`` and ``ended``, in
seconds since the epoch. A trial ends here once its record is in the store. ``command.json`` has the times at which the
command had done each of ``STEPS``.
"""

import importlib
import json
import os
import sys
import time
from functools import cache, wraps
from pathlib import Path
from typing import Any

FOLDER = "STEADYTUNE_WATCHED"
"""Environment variable with the workers' output folder."""

STEPS = {
    "read": ("harness.cli.commands.run", "scaled_study"),
    "planned": ("harness.execution.preparation", "plan"),
    "checked": ("harness.execution.preparation", "prepared"),
    "tried": ("harness.execution.preparation", "try_first_steps"),
}
"""Functions of the command's process, by the name of the time at which each returns."""

TIMES: dict[str, float] = {}
"""Times of the trial that runs in this worker."""


@cache
def watch_attempts() -> None:
    """Make this process record the times of every trial from now on."""
    from harness.execution.on_ray import tune as ray_tune

    attempt = ray_tune.attempt

    def watched(config: Any, *args: Any, **options: Any) -> Any:
        TIMES.clear()
        TIMES["began"] = time.time()
        watch_training()  # imports the trial's modules, within the measured time
        ended = attempt(config, *args, **options)
        TIMES["ended"] = time.time()
        (Path(os.environ[FOLDER]) / f"{config.id}.json").write_text(json.dumps({"worker": os.getpid(), **TIMES}))
        return ended

    ray_tune.attempt = watched


@cache
def watch_training() -> None:
    from transformers import Trainer, TrainerCallback

    original = Trainer.train

    class FirstStep(TrainerCallback):
        def on_step_begin(self, *args: Any, **rest: Any) -> None:
            TIMES.setdefault("first_step", time.time())

    def train(self: Trainer, *args: Any, **options: Any) -> Any:
        self.add_callback(FirstStep())
        found = original(self, *args, **options)
        TIMES["trained"] = time.time()
        return found

    Trainer.train = train


def watch_command() -> None:
    """Make this process record the times of the command's steps, and its workers record the times of their trials.

    Ray is imported no earlier than by the command itself.
    """
    from harness.execution import sweep

    times: dict[str, float] = {}
    for name, (module, function) in STEPS.items():
        _watch_step(importlib.import_module(module), function, name, times)
    run = sweep._run

    def watched(*args: Any, **options: Any) -> None:
        from harness.execution.on_ray import tune as ray_tune
        from tests.benchmarks.watched_worker import Watched

        ray_tune.Worker = Watched
        (Path(os.environ[FOLDER]) / "command.json").write_text(json.dumps(times))
        run(*args, **options)

    sweep._run = watched


def _watch_step(module: Any, function: str, name: str, times: dict[str, float]) -> None:
    original = getattr(module, function)

    @wraps(original)
    def watched(*args: Any, **options: Any) -> Any:
        found = original(*args, **options)
        times[name] = time.time()
        return found

    setattr(module, function, watched)


def main() -> int:
    if len(sys.argv) < 3 or sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        return 0 if sys.argv[1:] else 2
    os.environ[FOLDER] = str(Path(sys.argv[1]).resolve())
    from harness.cli.main import main as steadytune

    watch_command()
    return steadytune(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
