"""Ray Tune's events of a search, passed on to the journal and the console."""

import time
from collections.abc import Sequence
from typing import Any

import harness.compat.ray  # noqa: F401  # before Ray, which reads its environment variables when it is imported

# isort: split
from ray import tune
from ray.tune.experiment import Trial
from rich.markup import escape

from harness.execution.attempt import failed
from harness.execution.retries import Loss, loss_of_worker
from harness.execution.worker_errors import cut
from harness.store.store import Store
from harness.study import TrialConfig
from harness.tuning.journal import FAILED, FINISHED, STOPPED, Journal, Rung
from harness.tuning.progress import SearchProgress
from harness.tuning.sampling import METRIC
from harness.tuning.worker import config_of


class JournalCallback(tune.Callback):
    """Writes Tune's events into the journal, and passes them on to the progress display."""

    def __init__(self, journal: Journal, store: Store, progress: SearchProgress, minutes: float | None) -> None:
        self.journal = journal
        self.store = store
        self.progress = progress
        self.minutes = minutes
        self.open: dict[str, tuple[TrialConfig, float]] = {}
        """Config and start time of the running trials, by Tune's trial id."""

    def __getstate__(self) -> dict[str, Any]:
        """Empty, as in ``harness.execution.on_ray.tune.SweepCallback``: Tune's pickle of the callback is never read."""
        return {}

    def on_trial_start(self, iteration: int, trials: Sequence[Trial], trial: Trial, **info: Any) -> None:
        config = config_of(trial.config)
        again = trial.trial_id in self.open  # its worker was lost
        self.open[trial.trial_id] = config, time.monotonic()
        if again:
            return
        self.journal.begun(config)
        self.progress.started(config)

    def on_trial_result(
        self, iteration: int, trials: Sequence[Trial], trial: Trial, result: dict[str, Any], **info: Any
    ) -> None:
        if trial.trial_id not in self.open:
            return
        config = config_of(trial.config)
        if error := result.get("error"):
            self._end(trial.trial_id, FAILED, 0.0, error)
            return
        self.journal.scored(config, Rung(result["rung"], result["step"], result[METRIC]))
        if result["end"]:
            self._end(trial.trial_id, FINISHED, result["seconds"])
        elif result.get("done"):
            self._end(trial.trial_id, STOPPED, result["seconds"])

    def on_trial_error(self, iteration: int, trials: Sequence[Trial], trial: Trial, **info: Any) -> None:
        if trial.trial_id in self.open:
            _, began = self.open[trial.trial_id]
            # No signal reaches a trial in its thread, so at the time limit its worker exits.
            seconds = time.monotonic() - began
            self._fail(trial.trial_id, loss_of_worker(trial.error_file, seconds, self.minutes, grace=0))

    def lose_all(self, loss: Loss, *, alone: bool) -> None:
        """Record the loss of all running trials.

        A trial that ran ``alone`` has failed. The draws of several trials return to the budget.
        """
        for name in list(self.open):
            if alone:
                self._fail(name, loss)
            else:
                config, _ = self.open.pop(name)
                self.journal.forget(config)
                self.progress.tell(
                    config, f"[yellow]lost[/yellow], other settings are drawn one at a time: {escape(cut(loss.error))}"
                )

    def _fail(self, name: str, loss: Loss) -> None:
        config, _ = self.open[name]
        self._end(name, FAILED, 0.0, failed(config, self.store, loss.error, loss.trace).error)

    def _end(self, name: str, status: str, seconds: float, error: str = "") -> None:
        config, _ = self.open.pop(name)
        self.progress.ended_search(config, self.journal.ended(config, status, seconds), error)
