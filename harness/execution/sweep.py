"""A run of the study's trials that the store lacks, in this process or as Ray Tune trials."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from harness.common.console import say
from harness.common.errors import TimeLimitError, UserError
from harness.execution import quarantine
from harness.execution.attempt import attempt
from harness.execution.follow.beating import beating
from harness.execution.follow.display import Display
from harness.execution.progress import Observer, SweepProgress, announce_diagonals
from harness.execution.resources import Resources
from harness.execution.sweep_plan import SweepPlan
from harness.execution.time_limit import time_limit
from harness.setting import setting_labels
from harness.store import name_conflicts
from harness.store.store import Store
from harness.study import Study, TrialConfig, seeding

if TYPE_CHECKING:
    from harness.fisher.diagonal_files import Request


@dataclass(frozen=True)
class SweepOutcome:
    """Numbers of a study's trials: in total, finished, failed, and run just now."""

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
    """Run the study's planned trials that the store lacks.

    The plan is recorded before the first trial. If the process ends at any moment, running trials lose only the work
    since their last checkpoints.

    Args:
        retry_failed: Whether to retry trials that failed before.
        keep_weights: Whether to keep the fine-tuned models, so that more languages can be scored without training
            again.
        observer: Receives the start and the end of each trial.
    """
    conflict = name_conflicts.replaced(study, trials, store)
    store.clear(trials)
    plan = SweepPlan.of(trials, store.standing(trials, files=True), retry_failed=retry_failed)
    if conflict is not None:
        say(console, f"Note: {conflict}.")
    quarantine.repair(store, console)
    store.save_study(study, trials)
    for line in plan.notes(study.name, keep_weights=keep_weights):
        say(console, line)
    finished, failed = len(plan.finished), plan.failed
    if plan.to_run:
        with (
            quarantine.watched(store, plan.to_run, console),
            SweepProgress(console, len(trials), finished, failed, _describer(trials), observer, store) as progress,
        ):
            _run(plan.to_run, store, resources, progress, keep_weights)
        finished, failed = progress.done, progress.failed
    return SweepOutcome(len(trials), finished, failed, len(plan.to_run))


def _describer(trials: Sequence[TrialConfig]) -> Callable[[TrialConfig], str]:
    """A function that describes a trial by its method, the fields in which the settings differ, and its seed."""
    labels = setting_labels([trial.setting for trial in trials])
    return lambda trial: f"{trial.method.label} {labels[trial.setting]} {seeding(trial.seed, trial.replicate)}"


def diagonals(requests: "Sequence[Request]", store: Store, resources: Resources, console: Console) -> list[Path]:
    """The files of Fisher diagonals on this node.

    Missing diagonals are computed in this process, or as Ray tasks with a trial's resources. Raises ``UserError`` if a
    diagonal exceeds the time limit.
    """
    from harness.execution.preflight import check_room
    from harness.fisher import supply  # here, because both import torch, which a finished study does not need

    lacking = supply.lacking(dict.fromkeys(requests), store)
    if lacking:
        check_room(resources)
    announce_diagonals(lacking, console)
    with quarantine.watched(store, (), console):
        try:
            if lacking and not resources.local:
                from harness.execution.on_ray.cluster import provide_on_ray

                with Display(console, store) as display:
                    provide_on_ray(lacking, store, resources, display)
            with Display(console, store) as display:
                return [_provided(request, store, resources, display) for request in requests]
        except TimeLimitError as error:
            raise UserError(f"fisher: a diagonal {error}") from None


def _provided(request: "Request", store: Store, resources: Resources, display: Display) -> Path:
    """The file of a diagonal, computed in this process if it is missing."""
    from harness.fisher import supply

    display.add(request.id, request.label)
    try:
        with time_limit(resources.minutes, may_exit=False), beating(store, request.id) as progress:
            return supply.provide(request, store, resources.cpus, progress)
    finally:
        display.remove(request.id)


def _run(
    trials: Sequence[TrialConfig], store: Store, resources: Resources, progress: SweepProgress, keep_weights: bool
) -> None:
    if not resources.local:
        from harness.execution.on_ray.tune import run_on_ray

        run_on_ray(list(trials), store, resources, progress, keep_weights=keep_weights)
        return
    waiting = [(trial, False) for trial in trials]
    while waiting:
        trial, wait = waiting.pop(0)
        progress.started(trial)
        ended = attempt(trial, store, resources, keep_weights, wait=wait)
        if ended.held_elsewhere:  # run all other trials, then wait for the other process
            progress.put_off(trial)
            waiting.append((trial, True))
            continue
        progress.ended(trial, ended)
        if ended.broke_device and waiting:
            raise UserError(
                f"GPU: unusable in this process after {ended.error!r}; the same command continues with the other trials"
            )
