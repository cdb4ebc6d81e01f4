"""A study from what the store lacks to the last record: in this process, or as Ray Tune trials."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from harness.common.errors import UserError
from harness.data import reading
from harness.data.origin import Origin
from harness.execution import quarantine
from harness.execution.attempt import attempt
from harness.execution.progress import Observer, SweepProgress, announce_diagonals
from harness.execution.resources import Resources
from harness.setting import setting_labels
from harness.store import name_conflicts
from harness.store.record import Record
from harness.store.store import Store
from harness.study import Study, TrialConfig, seeding

if TYPE_CHECKING:
    from harness.fisher.diagonal_files import Request


@dataclass(frozen=True)
class SweepOutcome:
    """How many of a study's trials are finished, have failed and ran just now."""

    total: int
    finished: int
    failed: int
    ran: int


def sweep(
    study: Study,
    trials: list[TrialConfig],
    store: Store,
    resources: Resources,
    console: Console,
    *,
    retry_failed: bool = False,
    keep_weights: bool = False,
    observer: Observer | None = None,
) -> SweepOutcome:
    """Run those of the study's planned trials that the store lacks; a failed one only where ``retry_failed``.

    ``keep_weights`` keeps the fine-tuned models, so that more languages can be scored later without training again.
    ``observer`` is told of each trial that ends. The plan is recorded before the first trial. Ending the process at any
    moment loses only the trials that were running.
    """
    if (note := name_conflicts.replaced(study, trials, store)) is not None:
        console.print(f"Note: {note}.", highlight=False, soft_wrap=True)
    store.clear(trials)
    standing = store.standing(trials, files=True)
    store.save_study(study, trials)
    quarantine.tell(store, console)
    done = len(standing.finished)
    failures = {} if retry_failed else standing.failures
    lacking = [trial for trial in trials if trial.id not in standing.finished and trial.id not in failures]
    missing = [_with_recorded_languages(trial, standing.outdated.get(trial.id)) for trial in lacking]
    console.print(
        f"{study.name}: {len(trials)} trials, {done} finished before, {len(failures)} failed before, {len(missing)} "
        "to run",
        highlight=False,
    )
    if keep_weights and (without := sum("weights" not in record for record in standing.finished.values())):
        console.print(
            f"{without} finished trials have no kept weights, and get none: only trials that run leave theirs.",
            highlight=False,
        )
    if failures:
        console.print("Failed trials run again with --retry-failed.", highlight=False)
    if again := [standing.outdated[trial.id] for trial in missing if trial.id in standing.outdated]:
        kept = sum("weights" in record for record in again)
        console.print(
            f"{len(again)} of them have a record that lacks languages or files or has other test data: it is replaced "
            f"whole, for {kept} by scoring the kept weights and for {len(again) - kept} by fine-tuning again.",
            highlight=False,
        )
    for warning in dict.fromkeys(warning for trial in missing for warning in trial.method.warnings(trial.setting)):
        console.print(f"Warning: {warning}.", highlight=False)
    if missing:
        labels = setting_labels([trial.setting for trial in trials])

        def describe(trial: TrialConfig) -> str:
            return f"{trial.method.label} {labels[trial.setting]} {seeding(trial.seed, trial.replicate)}"

        with (
            quarantine.telling(store, missing, console),
            SweepProgress(console, len(trials), done, len(failures), describe, observer) as progress,
        ):
            _run(missing, store, resources, progress, keep_weights)
        done, failed = progress.done, progress.failed
    else:
        failed = len(failures)
    return SweepOutcome(len(trials), done, failed, len(missing))


def diagonals(requests: "Sequence[Request]", store: Store, resources: Resources, console: Console) -> list[Path]:
    """The files of Fisher diagonals on this node, those computed that are nowhere yet: here, or as Ray tasks of the
    size of a trial."""
    from harness.execution.preflight import check_room
    from harness.fisher import supply  # here, as they take torch: a study with nothing left to do needs none

    lacking = supply.lacking(dict.fromkeys(requests), store)
    if lacking:
        check_room(resources)
    announce_diagonals(lacking, console)
    with quarantine.telling(store, (), console):
        if lacking and not resources.local:
            from harness.execution.ray_cluster import provide_on_ray

            provide_on_ray(lacking, store, resources)
        return [supply.provide(request, store, resources.cpus) for request in requests]


def _with_recorded_languages(trial: TrialConfig, record: Record | None) -> TrialConfig:
    """The trial, scored also on what its record has: a record is replaced whole, and another study may want those
    languages."""
    tests = dict(trial.test_data)
    for language in record["scores"]["test"] if record is not None else ():
        if language not in tests:
            try:
                tests[language] = reading.examples(Origin.of(trial), "test", language).fingerprint
            except UserError:
                continue
    targets = tuple(language for language in tests if language != trial.source)
    return replace(trial, test_data=tests, targets=targets)


def _run(
    trials: list[TrialConfig], store: Store, resources: Resources, progress: SweepProgress, keep_weights: bool
) -> None:
    if not resources.local:
        from harness.execution.ray_tune import run_on_ray

        run_on_ray(trials, store, resources, progress, keep_weights=keep_weights)
        return
    held_elsewhere = []
    for trial in trials:
        progress.started(trial)
        ended = attempt(trial, store, resources, keep_weights, wait=False)
        if ended.held_elsewhere:  # by another process on the same store: there may be others to run until it is done
            progress.put_off(trial)
            held_elsewhere.append(trial)
        else:
            progress.ended(trial, ended)
    for trial in held_elsewhere:
        progress.started(trial)
        progress.ended(trial, attempt(trial, store, resources, keep_weights))
