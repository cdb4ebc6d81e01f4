"""A worker of a search: it trains one trial after another, and reports a dev score at each rung."""

import os
import time
from dataclasses import replace
from typing import Any

import harness.compat.ray  # noqa: F401  # before Ray, which reads its environment variables when it is imported

# isort: split
from ray import tune

from harness.common.users.own_code import Bundle, receive
from harness.execution.attempt import attempt
from harness.execution.on_ray.worker import take_gpu
from harness.execution.resources import Resources
from harness.search import Search
from harness.store.record import covers
from harness.store.store import Store
from harness.study import TrialConfig
from harness.tuning.journal import Rung, final
from harness.tuning.relay import Relay
from harness.tuning.sampling import METRIC, TIME, time_of


class Scores:
    """The rungs of a search. Each score goes to Tune."""

    def __init__(self, search: Search, relay: Relay[Rung]) -> None:
        self.search, self.relay = search, relay

    def steps(self, total: int) -> dict[int, int]:
        return self.search.steps(total)

    def score(self, rung: int, step: int, dev: float) -> None:
        self.relay.report(Rung(rung, step, dev))


def try_one(space: dict[str, Any], code: Bundle) -> None:
    """The Tune trainable: one trial of a search, reported at each rung. A finished trial is reported at once."""
    # Seconds that Tune waits for a stopped trial before it gives up the trial's warm worker.
    os.environ["TUNE_FUNCTION_THREAD_TIMEOUT_S"] = "60"
    resources = Resources(**space["resources"])
    assert resources.gpus is not None
    take_gpu(resources.gpus)
    receive(code)
    start = time.perf_counter()
    trial, search, store = config_of(space), Search.from_json(space["search"]), Store(space["store"], create=False)
    if covers(store.record_of(trial), trial):
        _report_end(trial, search, store)
        return
    relay: Relay[Rung] = Relay()
    ended = relay.run(
        lambda: attempt(trial, store, resources, rungs=Scores(search, relay)),
        lambda score: tune.report(_at(score, search, seconds=time.perf_counter() - start)),
    )
    if ended is not None and ended.lost_process:
        os._exit(1)  # Tune then retries the trial
    if ended is not None and ended.error:
        worst = float("inf") if space["mode"] == "min" else float("-inf")
        tune.report({METRIC: worst, "error": ended.error})  # a report without a time reaches no rung
    else:
        _report_end(trial, search, store)


def _report_end(trial: TrialConfig, search: Search, store: Store) -> None:
    record = store.record_of(trial)
    assert record is not None
    tune.report(_at(final(record, search), search, seconds=record.cost.seconds, end=True))


def _at(score: Rung, search: Search, *, seconds: float, end: bool = False) -> dict[str, Any]:
    return {
        METRIC: score.dev,
        TIME: time_of(search, score.rung),
        "rung": score.rung,
        "step": score.step,
        "seconds": seconds,
        "end": end,
    }


def config_of(space: dict[str, Any]) -> TrialConfig:
    """The trial at a point of the space, from Tune's config."""
    base, search = TrialConfig.from_json(space["trial"]), Search.from_json(space["search"])
    return replace(base, setting=search.setting(base.setting, {name: space[name] for name in search.space}))
