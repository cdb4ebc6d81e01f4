"""The steps before a study's first trial, with their notes: precision, plan, checks, one step of each method."""

from collections.abc import Callable
from dataclasses import dataclass

from harness.common.console import tell
from harness.common.errors import UserError
from harness.execution.kept_precision import with_kept_precision
from harness.execution.plan import plan
from harness.execution.resources import Resources
from harness.execution.warmups import warn_of_warmups
from harness.store.store import NoStoreError, Store
from harness.store.trials import Standing
from harness.study import Study, TrialConfig


@dataclass(frozen=True)
class Prepared:
    """A study that can run."""

    study: Study
    """The study, after ``with_kept_precision``."""
    trials: list[TrialConfig]
    lacking: list[TrialConfig]
    """The trials that the store lacks."""


def prepared(
    study: Study,
    place: str,
    resources: Resources,
    begin: Callable[[int], None] | None = None,
    *,
    retry_failed: bool = False,
) -> Prepared:
    """Plan a study and check the trials that the store at ``place`` lacks.

    The checks come before the store is created, so a mistake in the study leaves nothing behind. ``begin`` is called
    before the checks, with the number of trials that will run. Raises ``UserError`` if a trial cannot run, or if the
    study is a search.
    """
    if study.search is not None:
        raise UserError(f"study: {study.name} is a search; run it by 'steadytune search'")
    study = with_kept_precision(study, place, resources.gpus)
    trials = plan(study, gpus=resources.gpus, processes=resources.together, shard=resources.shard)
    warn_of_warmups((trial.setting for trial in trials), trials[0])
    standing = _standing(place, trials)
    lacking = [trial for trial in trials if trial.id not in standing.finished]
    if begin is not None:
        begin(sum(retry_failed or trial.id not in standing.failures for trial in lacking))
    if lacking:
        tell("Checking data and encoder.")
        from harness.execution import preflight  # the import takes seconds, and a finished study does not need it

        preflight.check(lacking, resources)
        tell_of_warnings(lacking)
    return Prepared(study, trials, lacking)


def _standing(place: str, trials: list[TrialConfig]) -> Standing:
    try:
        return Store(place, create=False).standing(trials)
    except NoStoreError:
        return Standing({}, {}, {})


def tell_of_warnings(trials: list[TrialConfig]) -> None:
    """Print the warnings of trials that are about to run."""
    from harness.execution.preflight import warnings

    for line in warnings(trials):
        tell(f"Warning: {line}.")


def try_first_steps(trials: list[TrialConfig], resources: Resources) -> None:
    """Try one step of each method. Raises ``UserError`` if a step fails."""
    if not trials:
        return
    from harness.checks.first_step import try_first_step

    tell("Trying one step of each method.")
    try_first_step(trials, local=resources.local)
