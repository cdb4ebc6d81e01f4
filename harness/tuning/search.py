"""A study's search: from the trials in the store to the end of each method's budget."""

from dataclasses import dataclass, replace

from rich.console import Console

from harness.common.console import say
from harness.common.errors import UserError
from harness.execution import quarantine
from harness.execution.plan import first_of_methods, plan
from harness.execution.preflight import check
from harness.execution.progress import Observer, SweepProgress
from harness.execution.resources import Resources
from harness.store import name_conflicts
from harness.store.store import Store
from harness.study import Arm, Study, TrialConfig, seeding
from harness.tuning import winners
from harness.tuning.journal import FAILED, FINISHED, STOPPED, Journal, SearchTrial


@dataclass(frozen=True)
class SearchOutcome:
    """Counts of a search's trials."""

    failed: int
    """Failed trials, in this run or before."""
    ran: int
    """Trials that this run drew."""


def searchable(study: Study) -> Study:
    """The study, if it can be searched. Raises ``UserError`` otherwise."""
    if study.search is None:
        raise UserError(
            f"study: {study.name} has no 'search', the ranges to look in; 'steadytune run {study.name}' runs it as it "
            "stands"
        )
    winners.check_name(study)
    return study


def bases(study: Study, resources: Resources) -> list[TrialConfig]:
    """A trial of each method at the study's own setting and first seed, after checks of ``Search.corners``.

    Raises ``UserError`` if a corner cannot run, before any trial runs.
    """
    search = searchable(study).search
    assert search is not None
    arms = []
    for arm in study.arms:
        corners = dict.fromkeys(search.corners(arm.settings[0]))
        arms.append(Arm(method=arm.method, settings=tuple(corners), seeds=arm.seeds[:1]))
    check(
        plan(replace(study, methods=tuple(arms), search=None), gpus=resources.gpus, processes=resources.together),
        resources,
    )
    return [*first_of_methods(plan(study, gpus=resources.gpus, processes=resources.together)).values()]


def search(
    study: Study,
    trials: list[TrialConfig],
    store: Store,
    resources: Resources,
    console: Console,
    *,
    retry_failed: bool = False,
    observer: Observer | None = None,
) -> SearchOutcome:
    """Run the rest of each method's budget.

    If the process ends at any moment, only the running trials are lost. The next start draws new trials in their place.

    Args:
        study: The study with the search.
        trials: Its ``bases``.
        store: The store of its trials.
        resources: The resources of a trial.
        console: The console for notes and progress.
        retry_failed: Whether to replace failed trials by other draws.
        observer: Receives the start and the end of each trial.

    Returns:
        The number of failed trials, and of trials drawn now.

    Raises:
        UserError: Another process searches in the same store under the same name. Each would overwrite the other's
            journal.
    """
    with store.claim(f"search-{study.name}", wait=False) as mine:
        if not mine:
            raise UserError(
                f"study: another process searches {study.name} in this store; wait for its end and give the same "
                "command again, or give this study another name"
            )
        return _search(study, trials, store, resources, console, retry_failed, observer)


def _search(
    study: Study,
    trials: list[TrialConfig],
    store: Store,
    resources: Resources,
    console: Console,
    retry_failed: bool,
    observer: Observer | None,
) -> SearchOutcome:
    conflict = name_conflicts.replaced(study, trials, store)
    journal = Journal(study, trials, store)
    journal.resume(retry_failed=retry_failed)
    store.clear()
    if conflict is not None:
        say(console, f"Note: {conflict}.")
    quarantine.repair(store, console)
    left = sum(journal.left(label) for label in journal.bases)
    for line in _notes(journal, left):
        say(console, line)
    if journal.outdated:
        _complete(journal, store, resources, console, observer)
    if left:
        from harness.tuning.ray_search import search_on_ray

        with quarantine.watched(store, (), console):
            search_on_ray(journal, store, resources, console, observer)
    else:
        journal.save()
    failed = sum(one.status == FAILED for one in _ended(journal))
    return SearchOutcome(failed, left)


def _notes(journal: Journal, left: int) -> list[str]:
    """Notes on the earlier trials, and on the trials left to draw."""
    before = _ended(journal)
    counts = ", ".join(
        f"{sum(one.status == status for one in before)} {status} before" for status in (FINISHED, STOPPED, FAILED)
    )
    lines = [
        f"{journal.study.name}: {journal.search.trials} trials of each method: {counts}, {left} to draw",
    ]
    if journal.others:
        lines.append(
            f"Trials of earlier searches under this name: {len(journal.others)}. They do not count, because the study, "
            "its search or the scoring has changed since. They stay in the store for their own search."
        )
    if journal.outdated:
        lines.append(f"Finished trials that lack languages or a record, and are scored again: {len(journal.outdated)}.")
    return lines


def _ended(journal: Journal) -> list[SearchTrial]:
    return [trial for label in journal.bases for trial in journal.of(label)]


def _complete(
    journal: Journal, store: Store, resources: Resources, console: Console, observer: Observer | None
) -> None:
    """Score finished trials in missing languages, from kept weights or by training again, as a sweep does."""
    from harness.execution.on_ray.tune import run_on_ray

    def describe(trial: TrialConfig) -> str:
        return f"{trial.method.label} {seeding(trial.seed, trial.replicate)}"

    with SweepProgress(console, len(journal.outdated), 0, 0, describe, observer, store) as progress:
        run_on_ray(journal.outdated, store, resources, progress, keep_weights=False)
