"""The inputs of a plan from a store: the pilot, the cost of a trial, the machine."""

import argparse
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.common.errors import UserError, reason

if TYPE_CHECKING:
    from analysis.planning.costs import Costs, Rates
    from analysis.planning.pilot import Pilot
    from harness.execution.costs.cost import Cost
    from harness.execution.costs.hardware import Hardware
    from harness.execution.resources import Resources
    from harness.store.store import Store
    from harness.study import FullArm, Study, TrialConfig


def store_at(place: str) -> "Store | None":
    """The store of a place; ``None`` if there is none."""
    from harness.store.store import NoStoreError, Store

    try:
        return Store(place, create=False)
    except NoStoreError:
        return None


def pilot(study: "Study", place: str, baseline: "FullArm", others: "Sequence[FullArm]") -> "Pilot":
    """The pilot of the method with the most pairs of runs; without pairs, the defaults for the first method."""
    from analysis.planning.pilot import Pilot
    from analysis.results.from_store import load
    from analysis.results.view import View

    labels, base = [arm.method.arm.label for arm in others], baseline.method.arm.label
    languages, store = len(study.targets), store_at(place)
    if store is None or study.name not in store.studies():
        return Pilot.none(labels[0], base, languages, "the store has no trial of this study")
    try:
        view = View(load(store, study.name).without_reruns())
        compared = view.with_baseline(base).comparisons
    except UserError as error:
        return Pilot.none(labels[0], base, languages, str(error))
    found = [Pilot.of(compared[label], languages) for label in labels if label in compared and compared[label].runs]
    if not found:
        return Pilot.none(labels[0], base, languages, "the store has no pair of runs for this plan")
    return max(found, key=lambda one: (one.pairs, one.runs.sum()))


def costs(study: "Study", now: tuple[int, int], options: argparse.Namespace) -> "tuple[Costs, int]":
    """The costs of the study's designs, and the number of the study's finished trials.

    If the trials cannot be planned, the costs are NaN and the number is 0. Raises ``UserError`` for unknown hardware.
    """
    from analysis.planning.costs import ArmCost, Costs, Rates
    from harness.execution.costs import hardware
    from harness.execution.plan import plan
    from harness.execution.resources import Resources

    resources = Resources(
        cpus=options.cpus_per_trial, gpus=options.gpus_per_trial, processes=options.processes_per_trial
    )
    # A wrong name is refused before anything is computed.
    elsewhere = None if options.on is None else hardware.on(options.on, _devices(options.store), resources.gpus)
    arms = {arm.method.arm.label: arm for arm in study.arms}
    try:
        trials = plan(study, gpus=resources.gpus, processes=resources.together)
    except UserError as error:
        lost = [
            ArmCost(len(arm.settings), len(arm.method.expand(study.targets)), float("nan"), 0) for arm in arms.values()
        ]
        return Costs(now[0], lost, Rates(1, 0.0, options.price, grounds=str(error)), study.replicates), 0
    store = store_at(options.store)
    finished = {} if store is None else store.standing(trials).finished
    rates, seconds = _rates(trials, store, resources, elsewhere, options.price)
    by_arm: dict[str, list[TrialConfig]] = {}
    for trial in trials:
        by_arm.setdefault(trial.method.arm.label, []).append(trial)
    made = []
    for label, arm in arms.items():
        likely, low, high = (
            statistics.mean(found)
            for found in zip(
                *(seconds(trial) for trial in by_arm[label] if trial.seed == by_arm[label][0].seed), strict=True
            )
        )
        there = sum(trial.id in finished for trial in by_arm[label])
        made.append(ArmCost(len(arm.settings), len(arm.method.expand(study.targets)), likely, there, low, high))
    return Costs(now[0], made, rates, study.replicates), sum(arm.finished for arm in made)


def _rates(
    trials: "Sequence[TrialConfig]",
    store: "Store | None",
    resources: "Resources",
    hardware: "Hardware | None",
    price: float | None,
) -> "tuple[Rates, Callable[[TrialConfig], tuple[float, float, float]]]":
    """The machine, and a function that gives a trial's likely, lowest and highest duration there in seconds."""
    from analysis.planning.costs import Rates
    from harness.execution.costs.elsewhere import estimated_on, moved
    from harness.execution.costs.past import grounds

    found = grounds(trials, trials, store, resources, hardware)
    if isinstance(found, str):
        unknown = float("nan")
        return Rates(1, 0.0, price, grounds=found), lambda trial: (unknown, unknown, unknown)
    past, where = found
    there = moved(past, hardware, store)

    def cost(trial: "TrialConfig") -> "Cost":
        return estimated_on([trial], there, resources, hardware)

    one = cost(trials[0])
    gpus = one.gpu_hours * 3600 / one.seconds
    told = f"{one.grounds} {where}" + (f"; {there.source}" if there.source else "")
    rates = Rates(one.at_once, gpus, price, grounds=told)
    return rates, lambda trial: ((made := cost(trial)).seconds, made.low, made.high)


def _devices(place: str) -> list[str]:
    """Devices of the store's first 300 records."""
    store = store_at(place)
    if store is None:
        return []
    found = store.records(store.ids()[:300]).values()
    return [*dict.fromkeys(record.provenance.device for record in found)]


def default_file(place: str, name: str) -> Path:
    """``plan.json`` in the folder of the study's report."""
    from analysis.rendering.page import default_folder

    return default_folder(store_at(place), name) / "plan.json"


def write(file: Path, text: str) -> None:
    """Write a file, and make its folder. Raises ``UserError`` if the file cannot be written."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"--out: {str(file)!r} cannot be written: {reason(error)}") from None
