"""``--dry-run``: what a study or a search has, lacks and will cost. Writes nothing."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness.common.errors import without_credentials
from harness.execution.resources import Resources
from harness.study import Study, TrialConfig


def dry_run(
    study: Study,
    trials: Sequence[TrialConfig],
    place: str,
    resources: Resources,
    *,
    retry_failed: bool = False,
    keep_weights: bool = False,
) -> None:
    """Print the number of trials, how many of them the store at ``place`` has, and the time, GPU-hours and disk of the
    rest."""
    from harness.cli.commands.show import status_of

    status = status_of(place, list(trials))
    counts = {word: sum(found == word for found in status.values()) for word in ("finished", "failed", "missing")}
    wanted = ("missing", "failed") if retry_failed else ("missing",)
    lacking = [trial for trial in trials if status[trial.id] in wanted]
    has = ", ".join(f"{count} {word}" for word, count in counts.items())
    print(f"{study.name}: {len(trials)} trials: {has} in {without_credentials(place)}")
    print(
        f"to run    {len(lacking)}"
        + ("" if retry_failed or not counts["failed"] else " (failed ones only with --retry-failed)")
    )
    if lacking:
        _print_costs(lacking, trials, place, resources, keep_weights=keep_weights)


def dry_search(
    study: Study, trials: Sequence[TrialConfig], place: str, resources: Resources, *, retry_failed: bool = False
) -> None:
    """Print what of a search's budget the store at ``place`` has, and what the rest takes at most; ``trials`` are its
    ``bases``."""
    from harness.data.origin import Origin
    from harness.data.reading import examples
    from harness.store.store import NoStoreError, Store
    from harness.tuning.journal import Journal

    assert study.search is not None
    left = dict.fromkeys((trial.id for trial in trials), study.search.trials)
    try:
        journal = Journal(study, trials, Store(place, create=False))
        journal.resume(retry_failed=retry_failed)
        left = {trial.id: journal.left(trial.method.arm.label) for trial in trials}
    except NoStoreError:
        pass
    total, lacking = study.search.trials * len(trials), sum(left.values())
    print(
        f"{study.name}: {study.search.trials} trials of each method, {total - lacking} of {total} tried in "
        f"{without_credentials(place)}"
    )
    print(f"to draw   {lacking}, each at most the longest of the space: the search stops those that lag behind")
    if lacking:
        there = len(examples(Origin.of(trials[0]), "train", study.source))
        longest = []
        for trial in trials:
            corners = study.search.corners(trial.setting)
            costliest = max(corners, key=lambda corner: (corner.steps(there) * corner.batch_size, corner.max_length))
            longest += [replace(trial, setting=costliest)] * left[trial.id]
        _print_costs(longest, trials, place, resources)


def _print_costs(
    lacking: Sequence[TrialConfig],
    trials: Sequence[TrialConfig],
    place: str,
    resources: Resources,
    *,
    keep_weights: bool = False,
) -> None:
    """Print the time, GPU-hours and disk that the lacking ones of some trials will take."""
    import torch

    from harness.common.provenance import provenance
    from harness.execution.cost import comparable, estimated, fisher_cost, probe
    from harness.execution.progress import duration
    from harness.fisher import supply
    from harness.store.store import NoStoreError, Store

    gpus = torch.cuda.device_count() if resources.gpus != 0 else 0
    try:
        store = Store(place, create=False)
        past = comparable(trials, store, provenance().device)
    except NoStoreError:
        store, past = None, []
    where = "of the store, of the same task, encoder, precision and kind of device"
    if not past and resources.ray_address is None:
        try:
            past, where = probe(lacking, resources), "made now, of a few steps each"
        except RuntimeError as error:
            print(f"time      not known: a trial on probation failed with {' '.join(str(error).split())[:300]}")
            return
    if not past:
        print(
            "time      not known: the store has no trial of the task and encoder, and a cluster's nodes cannot be "
            "tried from here"
        )
        return
    cost = estimated(lacking, past, resources, gpus=gpus, keep_weights=keep_weights)
    spread = f", {cost.at_once} at once" if cost.at_once > 1 else " one after another" if resources.local else ""
    alone = f" ({duration(cost.seconds)} of trials)" if cost.at_once > 1 else ""
    print(f"time      about {duration(cost.wall_seconds)}{spread}{alone}")
    if gpus:
        print(f"GPU-hours about {cost.gpu_hours:.2g}")
    free = f", {_size(shutil.disk_usage(_existing(place)).free)} free" if "://" not in place else ""
    print(f"disk      about {_size(cost.disk)}{free}, and the tokenised data once")
    if requests := [request for request in supply.needed(lacking) if store is None or not store.knows(request.name)]:
        extra = fisher_cost(requests, past)
        diagonals = f"{extra.diagonals} diagonal{'s' * (extra.diagonals > 1)}"
        print(
            f"besides   Fisher information, once: {diagonals}, about {duration(extra.seconds)} of trials and "
            f"{_size(extra.disk)}"
        )
    print(f"\nEstimated from {cost.grounds} {where}.")


def _existing(place: str) -> str:
    """The nearest folder that is there already."""
    folder = Path(place).resolve()
    return str(next(parent for parent in (folder, *folder.parents) if parent.is_dir()))


def _size(size: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            break
        size /= 1000
    return f"{size:.3g} {unit}"
