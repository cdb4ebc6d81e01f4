"""``harness.run``: run a study from Python, in a notebook or a script."""

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from harness.cli.options.store import STORE
from harness.common.console import tell
from harness.common.errors import UserError
from harness.common.machine import environment
from harness.common.own_packages import check_own_packages
from harness.common.users.arguments import checked
from harness.execution.sweep import SweepOutcome as Outcome
from harness.study import Study

__all__ = ["Outcome", "run"]


@checked
def run(
    study: Study | str | os.PathLike[str],
    *,
    store: str | os.PathLike[str] = STORE,
    targets: Sequence[str] | None = None,
    seeds: Sequence[int] | None = None,
    local: bool = False,
    cpus: int = 1,
    gpus: float | None = None,
    processes: int | None = None,
    shard: bool = False,
    ray_address: str | None = None,
    retry_failed: bool = False,
    keep_weights: bool = False,
    **changes: Any,
) -> Outcome:
    """Run a study's trials that a store lacks, as ``steadytune run`` does, without a report.

    Args:
        study: A study, the name of a shipped study, or the path of a study's file.
        store: Folder or URL of the store.
        targets: Target languages in place of the study's.
        seeds: Seeds in place of the study's.
        local: Whether to run one trial after another in this process, without Ray.
        cpus: CPU cores of a trial.
        gpus: GPUs of a trial; ``None`` means one if there are any. With several, each trains its part of every batch.
        processes: Processes that train a trial together; ``None`` means one per GPU, or one without GPUs.
        shard: Whether each of a trial's processes holds a part of the weights, gradients and optimizer state.
        ray_address: Address of an existing cluster; ``None`` starts Ray on this machine.
        retry_failed: Whether to retry trials that failed before.
        keep_weights: Whether to keep the fine-tuned models.
        changes: Other values of the study's or its settings' fields, as ``--set`` takes them: ``encoder="embedded"``,
            ``max_steps=60``, ``learning_rate="10x"``.

    Returns:
        The numbers of trials in total, finished, failed and run just now.

    Raises:
        UserError: The study cannot run as it is, so no trial has run. Or a ``local`` trial has made the GPU unusable.
        ImportError: A file of the user hides a package of steadytune.
    """
    asked = asked_study(study, changes, targets=targets, seeds=seeds)

    import search_spaces
    from harness.execution.follow.study_log import study_console
    from harness.execution.on_ray.ahead import ray_ahead
    from harness.execution.preparation import prepared, try_first_steps
    from harness.execution.resources import Resources
    from harness.execution.sweep import sweep
    from harness.store.store import Store

    resources = Resources(local=local, cpus=cpus, gpus=gpus, processes=processes, shard=shard, ray_address=ray_address)
    with ray_ahead(resources) as begin:
        with search_spaces.naming_file(study if isinstance(study, Study) else os.fspath(study), changes):
            ready = prepared(asked, os.fspath(store), resources, begin, retry_failed=retry_failed)
            try_first_steps(ready.lacking, resources)
        kept = Store(store)
        with study_console(kept, asked.name, "run") as console:
            return sweep(
                ready.study,
                ready.trials,
                kept,
                resources,
                console,
                retry_failed=retry_failed,
                keep_weights=keep_weights,
            )


def asked_study(
    study: Study | str | os.PathLike[str],
    changes: Mapping[str, Any],
    *,
    targets: Sequence[str] | None = None,
    seeds: Sequence[int] | None = None,
) -> Study:
    """The study of a call, with the call's changes. Prints each note on a change.

    Raises ``UserError`` for a study that does not exist, a change that is not possible, and a search. Raises
    ``ImportError`` as ``check_own_packages`` does.
    """
    check_own_packages()
    environment.refuse_launchers()
    environment.clear()

    import search_spaces
    from harness.cli.overrides import Words, scaled

    named = study if isinstance(study, Study) else search_spaces.load(os.fspath(study))
    if "languages" in changes:
        raise UserError("keyword: there is no 'languages'. Did you mean 'targets'?")
    words = Words(change="keyword", targets="targets")
    asked, notes = scaled(named, changes=written(changes), languages=targets, seeds=seeds, words=words)
    for note in notes:
        tell(f"Note: {note}.")
    if asked.search is not None:
        raise UserError(f"study: {asked.name} is a search; run it by 'steadytune search'")
    return asked


def written(changes: Mapping[str, Any]) -> list[str]:
    """Changes in the form of ``--set``."""
    return [f"{name}={_text(value)}" for name, value in changes.items()]


def _text(value: object) -> str:
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, ensure_ascii=False)
    return (
        {None: "null", True: "true", False: "false"}[value] if value is None or isinstance(value, bool) else str(value)
    )
