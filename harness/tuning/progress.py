"""Progress of a search on the console: one line per trial, with its dev score only."""

from rich.console import Console
from rich.markup import escape

from harness.execution.progress import Observer, SweepProgress
from harness.execution.worker_errors import cut
from harness.setting import value_label
from harness.study import TrialConfig
from harness.tuning.journal import FAILED, STOPPED, Journal, SearchTrial


class SearchProgress(SweepProgress):
    """Progress of a search's trials. Scores in target languages are hidden, so that they cannot influence a choice."""

    def __init__(self, console: Console, journal: Journal, observer: Observer | None = None) -> None:
        before = [one for label in journal.bases for one in journal.of(label)]
        self.stopped = sum(one.draws for one in before if one.status == STOPPED)
        failed = sum(one.draws for one in before if one.status == FAILED)
        done = sum(one.draws for one in before) - failed
        varied = tuple(journal.search.space)

        def describe(trial: TrialConfig) -> str:
            values = " ".join(f"{name}={value_label(name, getattr(trial.setting, name))}" for name in varied)
            return f"{trial.method.arm.label} {values}"

        total = done + failed + sum(journal.left(label) for label in journal.bases)
        self.form = journal.measure.brief
        super().__init__(console, total, done, failed, describe, observer, journal.store)

    def ended_search(self, config: TrialConfig, one: SearchTrial, error: str = "") -> None:
        """Show that a trial of the search has ended."""
        if one.status == FAILED:
            self.failed += 1
            self._note_traceback(config)
            self.end(config, f"[red]failed[/red]: {escape(cut(error))}")
            return
        self.done += 1
        self.seconds.append(one.seconds)
        score = f"{config.source} dev {one.dev or 0.0:{self.form}} ({one.seconds:.0f} s)"
        if one.status == STOPPED:
            self.stopped += 1
            score = f"stopped at step {one.scores[-1].step}, {score}"
        self.end(config, score)

    def state(self) -> str:
        """Counts as in a sweep, with the number of stopped trials, which count as done."""
        left = self.total - self.done - self.failed - len(self.running)
        counts = (
            f"{self.done} done, {self.stopped} of them stopped, {len(self.running)} running, {self.failed} failed, "
            f"{left} left"
        )
        return counts + self._time_left()
