"""``run --dry-run``: what a study has, lacks and will cost. Writes nothing."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from harness.resources import Resources
from harness.study import Study, TrialConfig


def dry_run(
    study: Study, trials: Sequence[TrialConfig], place: str, resources: Resources, *, retry_failed: bool = False, keep_weights: bool = False
) -> None:
    """Print the number of trials, how many of them the store at ``place`` has, and the time, GPU-hours and disk of the rest."""
    import torch

    from harness.budget import budget, comparable, probe
    from harness.commands.show import status_of
    from harness.progress import duration
    from harness.provenance import provenance
    from harness.store import NoStoreError, Store

    status = status_of(place, list(trials))
    counts = {word: sum(found == word for found in status.values()) for word in ("finished", "failed", "missing")}
    wanted = ("missing", "failed") if retry_failed else ("missing",)
    lacking = [trial for trial in trials if status[trial.id] in wanted]
    print(f"{study.name}: {len(trials)} trials: {', '.join(f'{count} {word}' for word, count in counts.items())} in {place}")
    print(f"to run    {len(lacking)}" + ("" if retry_failed or not counts["failed"] else " (failed ones only with --retry-failed)"))
    if not lacking:
        return
    gpus = torch.cuda.device_count() if resources.gpus != 0 else 0
    try:
        store = Store(place, create=False)
        past = comparable(trials, store, provenance()["device"])
    except NoStoreError:
        past = []
    where = "of the store, of the same task, encoder, precision and kind of device"
    if not past and resources.ray_address is None:
        try:
            past, where = probe(lacking, resources), "made now, of a few steps each"
        except RuntimeError as error:
            print(f"time      not known: a trial on probation failed with {' '.join(str(error).split())[:300]}")
            return
    if not past:
        print("time      not known: the store has no trial of the task and encoder, and a cluster's nodes cannot be tried from here")
        return
    cost = budget(lacking, past, resources, gpus=gpus, keep_weights=keep_weights)
    spread = f", {cost.at_once} at once" if cost.at_once > 1 else " one after another" if resources.local else ""
    alone = f" ({duration(cost.seconds)} of trials)" if cost.at_once > 1 else ""
    print(f"time      about {duration(cost.wall_seconds)}{spread}{alone}")
    if gpus:
        print(f"GPU-hours about {cost.gpu_hours:.2g}")
    free = f", {_size(shutil.disk_usage(_existing(place)).free)} free" if "://" not in place else ""
    print(f"disk      about {_size(cost.disk)}{free}")
    if texts := {text for trial in lacking for text in trial.texts}:
        print(f"besides   Fisher information in {len(texts)} language{'s' * (len(texts) > 1)}, once")
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
