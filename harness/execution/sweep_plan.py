"""The plan of a sweep: the trials to run, and notes on these trials for the console."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from harness.common import sources
from harness.common.errors import UserError
from harness.data import reading
from harness.data.origin import Origin
from harness.execution.versions import changed
from harness.store.record import Record
from harness.store.trials import Standing
from harness.study import TrialConfig


@dataclass(frozen=True)
class SweepPlan:
    """A study's trials, by their role in this run."""

    trials: Sequence[TrialConfig]
    finished: Sequence[Record]
    failed: int
    """Number of trials that failed before and are not retried."""
    retried: int
    """Number of trials that failed before and are retried."""
    to_run: Sequence[TrialConfig]
    """Trials to run, each also scored in the languages of its outdated record."""
    outdated: Sequence[Record]
    """Records that the trials in ``to_run`` replace."""

    @classmethod
    def of(cls, trials: Sequence[TrialConfig], standing: Standing, *, retry_failed: bool) -> "SweepPlan":
        """The plan, from a store's records and failures."""
        before = {*standing.failures}
        failed = set() if retry_failed else before
        lacking = [trial for trial in trials if trial.id not in standing.finished and trial.id not in failed]
        outdated = [standing.outdated[trial.id] for trial in lacking if trial.id in standing.outdated]
        to_run = [_with_recorded_languages(trial, standing.outdated.get(trial.id)) for trial in lacking]
        return cls(trials, [*standing.finished.values()], len(failed), len(before - failed), to_run, outdated)

    def notes(self, name: str, *, keep_weights: bool) -> Iterator[str]:
        """Lines for the console; ``name`` is the study's name."""
        yield (
            f"{name}: {len(self.trials)} trial{'s' * (len(self.trials) != 1)}, {len(self.finished)} finished before, "
            f"{self.failed + self.retried} failed before, "
            f"{len(self.to_run)} to run"
        )
        without = sum(record.weights is None for record in self.finished)
        if keep_weights and without:
            yield f"Finished trials without kept weights: {without}. Only trials that run now keep weights."
        yield from _read_otherwise(self.to_run)
        if self.failed:
            yield "Failed trials run again with --retry-failed."
        if self.outdated:
            kept = sum(record.weights is not None for record in self.outdated)
            yield (
                f"Outdated records of the trials to run: {len(self.outdated)}. An outdated record lacks languages or "
                "files, has other test data, or has scores by former rules. Each is replaced: "
                f"{kept} by scoring the kept weights, "
                f"{len(self.outdated) - kept} by fine-tuning again."
            )
        if self.to_run and (change := changed([record.provenance for record in self.finished])):
            yield f"Warning: {change}."
        for warning in dict.fromkeys(line for trial in self.to_run for line in trial.method.warnings(trial.setting)):
            yield f"Warning: {warning}."


def _read_otherwise(trials: Sequence[TrialConfig]) -> dict[str, None]:
    """Notes on text that reading has changed."""
    notes: dict[str, None] = {}
    parts: dict[tuple[Origin, str, str], None] = {}
    for trial in trials:
        origin, source = Origin.of(trial), trial.source
        tests = [(origin, "test", language) for language in trial.test_data]
        parts |= dict.fromkeys([(origin, "train", source), (origin, "dev", source), *tests])
    for origin, split, language in parts:
        with contextlib.suppress(UserError):  # the trial reports this error itself
            notes |= dict.fromkeys(reading.examples(origin, split, language).notes)
    return notes


def _with_recorded_languages(trial: TrialConfig, record: Record | None) -> TrialConfig:
    """The trial, also scored in the languages of its record.

    A record is replaced as a whole, and another study may need these languages.
    """
    tests = dict(trial.test_data)
    for language in record.scores.test if record is not None else ():
        if language not in tests and not sources.is_several(language):
            try:
                tests[language] = reading.examples(Origin.of(trial), "test", language).fingerprint
            except UserError:
                continue
    targets = tuple(language for language in tests if language not in sources.parts(trial.source))
    return replace(trial, test_data=tests, targets=targets)
