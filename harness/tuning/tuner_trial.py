"""One trial of a user's own ``tune.Tuner``. It reports dev scores and training states, and enters the store."""

import json
import math
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import harness.compat.ray  # noqa: F401  # before Ray, which reads its environment variables when it is imported

# isort: split
from ray import tune

from harness.common.errors import UserError
from harness.data.origin import Origin
from harness.execution.attempt import attempt
from harness.execution.resources import Resources
from harness.store.record import Record
from harness.store.store import Store
from harness.study import TrialConfig
from harness.tasks import task_named
from harness.training.rungs import evenly
from harness.training.training_state import TrainingStates, fits, load_rest
from harness.tuning.midway import continued
from harness.tuning.relay import Relay
from harness.tuning.tuner_study import list_trial

TRIAL = "trial.json"
"""File name of the trial in a checkpoint, with the step."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """A dev score, and the folder of its training state if states are kept."""

    number: int
    step: int
    dev: float
    folder: Path | None = None


class Reporter:
    """Receives a trial's dev scores, evenly over its steps. ``end_of`` gives the last of the ``reports`` scores."""

    def __init__(self, relay: Relay[Report], reports: int, *, states: bool) -> None:
        self.relay, self.reports, self.states = relay, reports, states
        self.last: Report | None = None

    def steps(self, total: int) -> dict[int, int]:
        return evenly(total, self.reports)

    def score(self, rung: int, step: int, dev: float) -> None:
        self.last = Report(number=rung, step=step, dev=dev)
        if not self.states:
            self.relay.report(self.last)


class TunersStates(TrainingStates):
    """Training states in Tune's checkpoints: the state at the start, and a state with each report."""

    every = math.inf

    def __init__(self, trial: TrialConfig, reporter: Reporter, start: Path | None, *, changed: bool) -> None:
        self.config, self.reporter, self.start, self.changed = trial, reporter, start, changed

    @contextmanager
    def latest(self, shapes: Mapping[str, list[int]]) -> Iterator[Path | None]:
        """The folder of Tune's checkpoint. If the checkpoint does not fit, it is ignored, and the trial begins anew.

        Raises ``UserError`` instead if the trial goes on from another trial's weights.
        """
        fit = self.start is not None and fits(load_rest(self.start), shapes)
        if self.config.course and not fit:
            raise UserError(
                "checkpoint: it does not fit; it has other library versions, device, threads or trained weights"
            )
        yield self.start if fit else None

    def write(self, fill: Callable[[Path], None]) -> None:
        """Report the last score with the state that ``fill`` writes."""
        last = self.reporter.last
        assert last is not None
        with tempfile.TemporaryDirectory(prefix="steadytune-") as folder:
            fill(Path(folder))
            given = {"trial": self.config.to_json(), "step": last.step}
            Path(folder, TRIAL).write_text(json.dumps(given), encoding="utf-8")
            self.reporter.relay.report(Report(number=last.number, step=last.step, dev=last.dev, folder=Path(folder)))


def run_in_tuner(
    trial: TrialConfig,
    study: str,
    store: Store,
    resources: Resources,
    *,
    reports: int,
    checkpoints: bool,
    keep_weights: bool,
) -> None:
    """Run a trial of the study named ``study`` in a worker of Tune, and report its scores.

    The trial continues from Tune's checkpoint if there is a checkpoint. A finished trial of the store is not trained
    again: its end is reported at once. Raises ``RuntimeError`` if the trial fails.
    """
    # Seconds that Tune waits for a stopped trial before it gives up the trial's warm worker.
    os.environ["TUNE_FUNCTION_THREAD_TIMEOUT_S"] = "60"
    with ExitStack() as held:
        start, changed = None, False
        if (checkpoint := tune.get_checkpoint()) is not None:
            start = Path(held.enter_context(checkpoint.as_directory()))
            given = json.loads((start / TRIAL).read_text(encoding="utf-8"))
            before = TrialConfig.from_json(given["trial"])
            trial = continued(trial, before, given["step"])
            changed = trial.id != before.id
        if not trial.course:
            list_trial(study, trial, store)
        relay: Relay[Report] = Relay()
        kept = checkpoints or start is not None  # a restored tuner's trials go on with checkpoints
        reporter = Reporter(relay, reports, states=kept)
        states = TunersStates(trial, reporter, start, changed=changed) if kept else None
        ended = relay.run(
            partial(attempt, trial, store, resources, keep_weights, rungs=reporter, states=states),
            partial(_tell, trial),
        )
    if ended is not None and ended.error:
        raise RuntimeError(ended.error)
    record = store.record_of(trial)
    assert record is not None
    tune.report(end_of(record, trial, reports))


def _tell(trial: TrialConfig, report: Report) -> None:
    kept = tune.Checkpoint.from_directory(str(report.folder)) if report.folder is not None else None
    tune.report(_values(trial, report.number, report.step, report.dev), checkpoint=kept)


def _values(trial: TrialConfig, number: int, step: int, dev: float) -> dict[str, Any]:
    metric = task_named(Origin.of(trial).task).metric
    return {
        metric: dev,
        "training_iteration": number,
        "step": step,
        "id": trial.id,
        "course": "; ".join(trial.course),
        "finished": False,
    }


def end_of(record: Record, trial: TrialConfig, reports: int) -> dict[str, Any]:
    """The last report: the dev score of the scored weights, and all test scores."""
    tests = {f"test_{language}": score for language, score in record.in_metric("test").items()}
    dev = record.in_metric("dev")[trial.source]
    rest = {"zero_shot": record.zero_shot, "collapsed": record.collapsed, "diverged": record.diverged}
    return {**_values(trial, reports, record.cost.steps, dev), **rest, **tests, "finished": True}
