"""The sampler and the scheduler of a search, which know the earlier trials.

Optuna's TPE draws settings, and ASHA stops lagging trials. Both use the source's dev score.
"""

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import harness.compat.ray  # noqa: F401  # before Ray, which reads its environment variables when it is imported

# isort: split
import optuna
from ray.tune.schedulers import ASHAScheduler
from ray.tune.search.optuna import OptunaSearch

from harness.common.hashing import digest
from harness.search import Search
from harness.tuning.journal import Journal, SearchTrial

METRIC, TIME = "dev", "resource"
"""Keys of a report at a rung: the source's dev score, and ``reduction ** (rung - 1)``.

With this unit of time, ASHA's rungs agree with ours for every number of steps.
"""
STARTUP = 3
"""TPE begins after 1/``STARTUP`` of trials, at most ``MAX_STARTUP``. Optuna's 10 would be most of a short search."""
MAX_STARTUP = 10


class Sampler(OptunaSearch):
    """Ray Tune's Optuna sampler, but a failed trial counts as a failure and not as a score."""

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        broken = error or bool((result or {}).get("error"))
        super().on_trial_complete(trial_id, None if broken else result, broken)


def sampler(journal: Journal, label: str) -> Sampler:
    """A TPE sampler that knows the points and last dev scores of the method's earlier trials.

    Tune itself tells the sampler the same values of this run's trials.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    search = journal.search
    points, rewards = journal.points(label)
    drawn = journal.drawn(label)  # including failed trials, which have no score to tell the sampler
    # With the same seed it would draw the same first points again.
    seed = search.seed if not drawn else int(digest([search.seed, drawn]), 16) % 2**32
    return Sampler(
        space={name: made.to_optuna() for name, made in search.space.items()},
        metric=METRIC,
        mode=journal.measure.mode,
        points_to_evaluate=points,
        evaluated_rewards=rewards,
        sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=min(MAX_STARTUP, -(-search.trials // STARTUP))),
    )


def scheduler(search: Search, known: Iterable[SearchTrial], mode: str = "max") -> ASHAScheduler:
    """ASHA with the scores of ended trials in its rungs. ``mode`` is ``min`` if lower scores are better."""
    made = ASHAScheduler(
        time_attr=TIME,
        metric=METRIC,
        mode=mode,
        grace_period=1,
        max_t=time_of(search, search.rungs),
        reduction_factor=search.reduction,
    )
    for number, one in enumerate(known):
        stand_in: Any = SimpleNamespace(trial_id=f"known-{number}")  # the only attribute that ASHA reads
        controller: Any = None
        made.on_trial_add(controller, stand_in)
        for score in one.scores:
            if score.rung < search.rungs:
                made.on_trial_result(controller, stand_in, {TIME: time_of(search, score.rung), METRIC: score.dev})
    return made


def time_of(search: Search, rung: int) -> int:
    return int(search.reduction ** (rung - 1))
