"""``--dry-run``: the states of a study's or a search's trials, and the cost of the trials to run. Stores nothing."""

import math
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.filesize import decimal

from harness.common.console import duration, filled, span, tell
from harness.common.errors import without_credentials
from harness.execution.resources import Resources
from harness.search import Search
from harness.study import Study, TrialConfig

if TYPE_CHECKING:
    from harness.execution.costs.cost import Cost
    from harness.execution.costs.hardware import Hardware
    from harness.execution.costs.past import Past
    from harness.store.store import Store


def dry_run(
    study: Study,
    trials: Sequence[TrialConfig],
    place: str,
    resources: Resources,
    *,
    retry_failed: bool = False,
    keep_weights: bool = False,
    hardware: "Hardware | None" = None,
) -> None:
    """Print the number of trials, their states in the store at ``place``, and the cost of the trials to run.

    The cost is time, GPU-hours and disk, on this machine or on ``hardware``.
    """
    from harness.cli.commands.show import status_of

    status = status_of(place, list(trials))
    counts = {word: sum(found == word for found in status.values()) for word in ("finished", "failed", "missing")}
    wanted = ("missing", "failed") if retry_failed else ("missing",)
    lacking = [trial for trial in trials if status[trial.id] in wanted]
    has = ", ".join(f"{count} {word}" for word, count in counts.items())
    print(f"{study.name}: {len(trials)} trials: {has} in {without_credentials(place)}")
    print(
        f"to run    {len(lacking)}"
        + ("" if retry_failed or not counts["failed"] else " (failed trials only with --retry-failed)")
    )
    if lacking:
        _print_costs(lacking, trials, place, resources, keep_weights=keep_weights, hardware=hardware)


def dry_search(
    study: Study,
    trials: Sequence[TrialConfig],
    place: str,
    resources: Resources,
    *,
    retry_failed: bool = False,
    hardware: "Hardware | None" = None,
) -> None:
    """Print the spent part of a search's budget in the store at ``place``, and the largest cost of the rest.

    ``trials`` holds one trial per method, at the study's own setting (``harness.tuning.search.bases``).
    """
    assert study.search is not None
    left = _left(study, trials, place, retry_failed=retry_failed)
    total, lacking = study.search.trials * len(trials), sum(left.values())
    print(
        f"{study.name}: {study.search.trials} trials of each method, {total - lacking} of {total} tried in "
        f"{without_credentials(place)}"
    )
    print(f"to draw   {lacking}, each at most as long as the longest setting; lagging trials stop early")
    if lacking:
        longest = [trial for base in trials for trial in [_longest(study.search, base)] * left[base.id]]
        without = replace(resources, checkpoint_minutes=math.inf)  # trials of a search keep no checkpoints
        _print_costs(longest, trials, place, without, hardware=hardware)


def _left(study: Study, trials: Sequence[TrialConfig], place: str, *, retry_failed: bool) -> dict[str, int]:
    """The number of trials left in each method's budget, by the id of the method's trial in ``trials``."""
    from harness.tuning.journal import Journal

    assert study.search is not None
    store = _store(place)
    if store is None:
        return dict.fromkeys((trial.id for trial in trials), study.search.trials)
    journal = Journal(study, trials, store)
    journal.resume(retry_failed=retry_failed)
    return {trial.id: journal.left(trial.method.arm.label) for trial in trials}


def _longest(search: Search, base: TrialConfig) -> TrialConfig:
    """The trial with the most training tokens among the corners of the space."""
    from harness.data.origin import Origin
    from harness.data.reading import examples

    there = len(examples(Origin.of(base), "train", base.source))
    corners = search.corners(base.setting)
    costliest = max(corners, key=lambda corner: (corner.steps(there) * corner.batch_size, corner.max_length))
    return replace(base, setting=costliest)


def _print_costs(
    lacking: Sequence[TrialConfig],
    trials: Sequence[TrialConfig],
    place: str,
    resources: Resources,
    *,
    keep_weights: bool = False,
    hardware: "Hardware | None" = None,
) -> None:
    """Print the estimated time, GPU-hours and disk of the trials to run.

    ``lacking`` are the trials to run. ``trials`` are the study's trials; for a search, one trial per method.
    """
    from harness.execution.costs.elsewhere import estimated_on, gpu_hours, moved
    from harness.execution.costs.past import grounds

    store = _store(place)
    found = grounds(lacking, trials, store, resources, hardware)
    if isinstance(found, str):
        tell(f"time      not known: {found}")
        return
    past, where = found
    there = moved(past, hardware, store)
    cost = estimated_on(lacking, there, resources, hardware, keep_weights=keep_weights)
    cost = replace(cost, at_once=min(len(lacking), cost.at_once))
    where += f"; {there.source}" if there.source else ""
    on = f" on {hardware}" if hardware is not None else ""
    spread = f", {cost.at_once} at once" if cost.at_once > 1 else " one after another" if resources.local else ""
    alone = f" ({span(cost.low, cost.high)} of trials)" if cost.at_once > 1 else ""
    tell(f"time      {span(cost.low / cost.at_once, cost.high / cost.at_once)}{on}{spread}{alone}")
    if cost.gpu_hours:
        hours = cost.gpu_hours / cost.seconds
        print(f"GPU-hours {gpu_hours(cost.low * hours, cost.high * hours)}")
    _print_disk(cost, place, resources)
    _print_fisher_cost(lacking, past, store)
    print("", *filled(f"Estimated from {cost.grounds} {where}."), sep="\n")


def _print_disk(cost: "Cost", place: str, resources: Resources) -> None:
    free = f", {decimal(shutil.disk_usage(_existing(place)).free)} free" if "://" not in place else ""
    results, tokenised = decimal(int(cost.disk)), decimal(int(cost.tokenised))
    print(f"disk      about {results} of results and {tokenised} of tokenised data{free}")
    if not math.isinf(resources.checkpoint_minutes):
        running = decimal(int(cost.checkpoint * cost.at_once))
        print(f"          at most {running} more for checkpoints while trials run")


def _print_fisher_cost(lacking: Sequence[TrialConfig], past: "Sequence[Past]", store: "Store | None") -> None:
    """Print the time and disk of the Fisher diagonals that the store lacks."""
    from harness.execution.costs.cost import fisher_cost
    from harness.fisher import supply

    requests = [request for request in supply.needed(lacking) if store is None or not store.knows(request.name)]
    if requests:
        extra = fisher_cost(requests, past)
        diagonals = f"{extra.diagonals} diagonal{'s' * (extra.diagonals > 1)}"
        print(
            f"besides   Fisher information, once: {diagonals}, about {duration(extra.seconds)} one after another, "
            f"{decimal(int(extra.disk))}"
        )


def _store(place: str) -> "Store | None":
    from harness.store.store import NoStoreError, Store

    try:
        return Store(place, create=False)
    except NoStoreError:
        return None


def _existing(place: str) -> str:
    """The folder itself, or its nearest parent that exists."""
    folder = Path(place).resolve()
    return str(next(parent for parent in (folder, *folder.parents) if parent.is_dir()))
