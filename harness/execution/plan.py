"""The plan of a study's trials: the fingerprints of data and encoder give each trial its identity."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from harness.common import fields, sources
from harness.common.errors import UserError, bad
from harness.data import corpus, reading
from harness.data.origin import Origin, absolute, origin_of
from harness.encoders import pinning, spm_normalisation
from harness.methods import Method
from harness.setting import by_label
from harness.study import Setting, Study, TrialConfig
from harness.tasks import Own, Task, is_file, task_named
from harness.training import precision


def plan(study: Study, *, gpus: float | None = None, processes: int = 1, shard: bool = False) -> list[TrialConfig]:
    """The trials of a study, each once, in the order of execution.

    ``gpus`` is the number of GPUs of a trial; ``None`` means one if the machine has any. It decides the precision
    ``auto``. ``processes`` is the number of processes that train a trial together. With ``shard``, each process holds a
    part of the weights. Raises ``UserError`` for missing or malformed input, before anything runs.
    """
    study.check_languages()
    encoder = pinning.find(study.encoder)
    origin = reading.with_labels(origin_of(study), study.source)
    task = task_named(origin.task)
    places: dict[str, Any] = {
        "encoder": absolute("encoder", study.encoder),
        "data": origin.place,
        "task_file": origin.task if is_file(study.task) else "",
        "own_task": origin.task if isinstance(origin.task, Own) else None,
    }
    settings = [setting for arm in study.arms for setting in arm.settings]
    _check_training_data(settings, study.source, task, len(reading.examples(origin, "train", study.source)))
    training, dev = (reading.examples(origin, split, study.source).fingerprint for split in ("train", "dev"))
    if isinstance(task, Own):
        task.check_scores(reading.examples(origin, "dev", study.source).rows)
    tests = {
        language: reading.examples(origin, "test", language).fingerprint
        for language in (*sources.parts(study.source), *study.targets)
    }
    trials: dict[str, TrialConfig] = {}
    for given, targets, setting, seed, replicate in study.runs():
        method = given.located(absolute)
        trial = TrialConfig(
            task=task.name,
            task_code=origin.code,
            source=study.source,
            method=method,
            setting=setting,
            seed=seed,
            replicate=replicate,
            processes=processes,
            precision=precision.chosen(study.precision, gpus),
            checkpoint=study.checkpoint,
            **_selection(study.checkpoint, setting, dev, task),
            encoder_revision=encoder.revision,
            tokenizer=spm_normalisation.made_here(encoder),
            training_data=training,
            sampling_temperature=None if study.sampling is None else study.sampling.temperature,
            texts=_texts(method, origin),
            **places,
            data_revision=origin.revision,
            dev_data=dev,
            targets=targets,
            test_data={language: tests[language] for language in (*sources.parts(study.source), *targets)},
            trim_vocabulary=study.trim_vocabulary,
            shard=shard,
        )
        if trial.id in trials and trials[trial.id].method == method:
            continue  # seeds written in two ways, such as seed 0 with and without init_seed 0
        if trial.id in trials:
            raise bad(
                "methods",
                method.label,
                f"methods that differ: it is the same fine-tuning as {trials[trial.id].method.label}",
            )
        trials[trial.id] = trial
    return list(trials.values())


def first_of_methods(trials: Iterable[TrialConfig]) -> dict[str, TrialConfig]:
    """The first trial of each method, by the label of the method's arm."""
    found: dict[str, TrialConfig] = {}
    for trial in trials:
        found.setdefault(trial.method.arm.label, trial)
    return found


def another(trial: TrialConfig, method: Method, setting: Setting, seed: int) -> TrialConfig:
    """The trial with another method, setting and seed, as ``plan`` makes it. Encoder and data are not looked up again.

    Raises ``UserError`` if the data or the task does not allow the setting.
    """
    origin = Origin.of(trial)
    task = task_named(origin.task)
    _check_training_data([setting], trial.source, task, len(reading.examples(origin, "train", trial.source)))
    return replace(
        trial,
        method=method,
        setting=setting,
        seed=seed,
        texts=_texts(method, origin),
        **_selection(trial.checkpoint, setting, trial.dev_data, task),
    )


def _selection(checkpoint: str, setting: Setting, dev: str, task: Task[Any]) -> dict[str, Any]:
    """Fields of a trial: the dev set and scorer that select its weights or its end; empty if nothing selects them."""
    reads_dev = checkpoint == "best" or setting.early_stopping is not None
    return {"selected_on": dev if reads_dev else "", "selected_by": task.scorer if reads_dev else ""}


def _texts(method: Method, origin: Origin) -> dict[str, str]:
    """Fingerprints of the unlabelled text that a method reads, by language."""
    return {language: text for e in method.estimates() for language, text in corpus.fingerprints(e, origin).items()}


def _check_training_data(settings: Sequence[Setting], source: str, task: Task[Any], there: int) -> None:
    """Refuse settings that the training data or the task does not allow."""
    if (most := max(setting.train_examples or 1 for setting in settings)) > there:
        raise bad("train_examples", most, f"at most {there}, the training examples in {source!r}")
    if any(setting.label_noise for setting in settings) and type(task).relabelled is Task.relabelled:
        raise UserError(f"label_noise: the task {task.name!r} cannot have any: it does not define 'relabelled'")
    for setting in settings if type(task).loss is Task.loss else ():
        by_label(setting.class_weights, task.labels)
    for setting in settings if type(task).loss is not Task.loss else ():
        for name in sorted({"label_smoothing", "class_weights"} & fields.chosen(setting).keys()):
            raise bad(
                name,
                getattr(setting, name),
                f"none: it needs a cross entropy of labels, and the task {task.name!r} has another loss",
            )
