"""``harness.trainable``: a study's trials for a user's own ``tune.Tuner``."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from harness.cli.options.store import STORE
from harness.common.errors import UserError, bad, unknown
from harness.common.users.arguments import checked
from harness.common.users.own_code import Bundle
from harness.python_run import asked_study, written
from harness.setting import Setting, unknown_field
from harness.study import Study, TrialConfig

__all__ = ["trainable"]

METHOD, SEED = "method", "seed"
"""Keys of a config in addition to fields of a setting and options of methods."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """All inputs of a worker in addition to Tune's config."""

    study: dict[str, Any]
    """The study with full paths, as JSON."""
    bases: list[dict[str, Any]]
    """A trial of each method at its setting and first seed, as JSON, in the order of the methods."""
    code: Bundle
    store: str
    resources: dict[str, Any]
    ways: dict[str, Any]
    """Keyword arguments of ``harness.tuning.tuner_trial.run_in_tuner``."""


@checked
def trainable(
    study: Study | str | os.PathLike[str],
    *,
    store: str | os.PathLike[str] = STORE,
    targets: Sequence[str] | None = None,
    reports: int = 10,
    checkpoints: bool = True,
    cpus: int = 1,
    gpus: float | None = None,
    keep_weights: bool = False,
    **changes: Any,
) -> Callable[[dict[str, Any]], None]:
    """A trainable of Ray Tune. Each config is one trial of the study, and finished trials enter the store.

    A config's keys are fields of the setting, options of methods such as ``l2.strength``, ``method`` (a label or a
    name) and ``seed``. Values are plain, or texts as for ``steadytune run --set``.

    Args:
        study: A study with one setting, the name of a shipped study, or the path of a study's file.
        store: Folder or URL of the store. All nodes must reach it.
        targets: Target languages in place of the study's.
        reports: Number of reports of a trial, evenly spaced over its steps, the last at the end.
        checkpoints: Whether each report before the end has a checkpoint. Schedulers that pause or clone trials need
            these checkpoints.
        cpus: CPU cores of a trial.
        gpus: GPUs of a trial, at most 1; ``None`` means one if this machine has any.
        keep_weights: Whether to keep the fine-tuned models.
        changes: Other values of the study's or its settings' fields, as for ``harness.run``.

    Returns:
        The function, with its resources, for ``ray.tune.Tuner``.

    Raises:
        UserError: The study cannot run as it is. Or a config would stand for several trials: the study has several
            settings or replicates, or a method has a model for each target language.
    """
    if "seeds" in changes:
        raise UserError("keyword: there is no 'seeds'; give 'seed' in Tune's param_space")
    asked = asked_study(study, changes, targets=targets)
    _check(asked, reports, cpus, gpus)

    from harness.execution.kept_precision import with_kept_precision
    from harness.execution.on_ray.worker import code_of
    from harness.execution.plan import first_of_methods, plan
    from harness.execution.preflight import check
    from harness.execution.preparation import try_first_steps
    from harness.execution.resources import Resources
    from harness.store.store import Store
    from harness.training import precision
    from harness.tuning.tuner_study import begin

    # isort: split
    from ray import tune

    share = float(precision.gpu_here(None)) if gpus is None else gpus
    resources = Resources(cpus=cpus, gpus=share, ray_address="auto")
    asked = with_kept_precision(asked, os.fspath(store), resources.gpus)
    first = first_of_methods(plan(asked, gpus=resources.gpus))
    bases = [first[arm.method.arm.label] for arm in asked.arms]
    check(bases, resources)
    try_first_steps(bases, resources)
    kept = Store(store)
    begin(asked, bases, kept)
    placed = _placed(asked, bases[0])
    given = Given(
        study=placed.to_json(),
        bases=[base.to_json() for base in bases],
        code=code_of(bases),
        store=kept.for_workers,
        resources=asdict(resources),
        ways={"reports": reports, "checkpoints": checkpoints, "keep_weights": keep_weights},
    )

    def steadytune(config: dict[str, Any]) -> None:
        try:
            run_one(config, given)
        except UserError as error:
            raise error.with_traceback(None) from None  # Tune prints the traceback

    def room(config: dict[str, Any]) -> tune.PlacementGroupFactory:
        """The resources of a config's trial. Tune calls this first, so a wrong name ends ``fit`` at once."""
        check_names(config, placed, bases)
        return tune.PlacementGroupFactory([{"CPU": cpus, "GPU": share} if share else {"CPU": cpus}])

    found: Callable[[dict[str, Any]], None] = tune.with_resources(steadytune, room)
    return found


def run_one(config: Mapping[str, Any], given: Given) -> None:
    """Run the trial of a config in a worker of Tune."""
    from harness.common.users.own_code import receive
    from harness.execution.on_ray.worker import take_gpu
    from harness.execution.preflight import check
    from harness.execution.resources import Resources
    from harness.store.store import Store
    from harness.tuning.tuner_trial import run_in_tuner

    resources = Resources(**given.resources)
    assert resources.gpus is not None
    take_gpu(resources.gpus)
    receive(given.code)
    study = Study.from_json(given.study)
    trial = trial_of(config, study, [TrialConfig.from_json(base) for base in given.bases])
    check([trial], resources)
    run_in_tuner(trial, study.name, Store(given.store, create=False), resources, **given.ways)


def trial_of(config: Mapping[str, Any], study: Study, bases: Sequence[TrialConfig]) -> TrialConfig:
    """The trial of a config of Tune. ``bases`` are in the order of the study's methods.

    Options of the study's other methods do not count. Raises ``UserError`` as ``check_names`` does, and for a value
    that is not allowed.
    """
    from harness.cli.overrides import Words, scaled
    from harness.execution.plan import another

    number = check_names(config, study, bases)
    arm, base = study.own_arms[number], bases[number]
    mine = {part.name for part in arm.method.parts}
    changes = {
        name: _plain(value)
        for name, value in config.items()
        if name not in (METHOD, SEED) and ("." not in name or name.partition(".")[0] in mine)
    }
    seed = _plain(config.get(SEED, base.seed))
    alone = replace(study, methods=(arm.bare,))
    asked, _ = scaled(alone, changes=written(changes), seeds=[seed], words=Words(change="config"))
    (found,) = asked.arms
    method = base.method if found.method == arm.method else found.method.expand(study.targets)[0][0]
    return another(base, method, found.settings[0], found.seeds[0])


def check_names(config: Mapping[str, Any], study: Study, bases: Sequence[TrialConfig]) -> int:
    """The index of a config's method in ``bases``.

    Raises ``UserError`` for a missing method, and for an unknown method or key, with the nearest known name.
    """
    from harness.cli.overrides import check_name

    known = (*Setting.__dataclass_fields__, METHOD, SEED)
    kinds = {part.name: type(part) for arm in study.own_arms for part in arm.method.parts}
    for name in map(str, config):
        if "." in name:
            check_name(name, kinds, "config")
        elif name not in known:
            raise unknown_field("config", name, known)
    return _method(config.get(METHOD), [base.method.arm.label for base in bases], bases)


def _plain(value: Any) -> Any:
    """A searcher's value as plain Python: NumPy's numbers become Python's numbers."""
    import numpy as np

    if isinstance(value, Mapping):
        return {name: _plain(held) for name, held in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(held) for held in value]
    return value.item() if isinstance(value, np.generic) else value


def _method(wanted: object, labels: Sequence[str], bases: Sequence[TrialConfig]) -> int:
    """The index of the method with a label, or with a name that no other method has."""
    if wanted is None:
        if len(bases) > 1:
            raise UserError(f"config: the field 'method' is missing; the study has {', '.join(labels)}")
        return 0
    names = [base.method.name for base in bases]
    if wanted in labels:
        return labels.index(str(wanted))
    if names.count(str(wanted)) == 1:
        return names.index(str(wanted))
    raise unknown("config: method", wanted, labels)


def _check(study: Study, reports: int, cpus: int, gpus: float | None) -> None:
    """Refuse a study in which a config may stand for several trials of a method, and numbers that are not allowed."""
    for name, value in (("reports", reports), ("cpus", cpus)):
        if value < 1:
            raise bad(name, value, "a whole number of at least 1")
    if gpus is not None and not 0 <= gpus <= 1:
        raise bad("gpus", gpus, "a number from 0 to 1")
    if study.replicates > 1:
        raise bad("replicates", study.replicates, "1, as each of Tune's configs is one trial")
    for arm in study.arms:
        label = arm.method.arm.label
        if len(arm.settings) > 1:
            raise bad("settings", f"{len(arm.settings)} settings", "one, as Tune's config varies it")
        if (models := len(arm.method.expand(study.targets))) > 1:
            raise UserError(
                f"methods: {label} has a model for each of {models} target languages, and a config has one score; "
                "give the method one language"
            )


def _placed(study: Study, base: TrialConfig) -> Study:
    """The study with the task, data, encoder and precision of a planned trial. All its paths are full paths."""
    from harness.data.origin import Origin, absolute

    methods = tuple(replace(arm, method=arm.method.located(absolute)).bare for arm in study.own_arms)
    return replace(
        study,
        task=Origin.of(base).task,
        methods=methods,
        data=base.data,
        encoder=base.encoder,
        precision=base.precision,
    )
