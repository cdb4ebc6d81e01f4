"""The plan of a study's trials: the fingerprints of data and encoder give each trial its identity."""

from typing import Any

from harness.common import fields, sources
from harness.common.errors import UserError, bad
from harness.data import corpus, reading
from harness.data.origin import absolute, origin_of
from harness.encoders import pinning, spm_normalisation
from harness.study import Study, TrialConfig
from harness.tasks import Own, Task, is_file, task_named
from harness.training import precision


def plan(study: Study, *, gpus: float | None = None, processes: int = 1) -> list[TrialConfig]:
    """The trials of a study, each once, in the order of execution.

    ``gpus`` is the number of GPUs of a trial; ``None`` means one if the machine has any. It decides the precision
    ``auto``. ``processes`` is the number of processes that train a trial together. Raises ``UserError`` for missing or
    malformed input, before anything runs.
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
    _check_training_data(study, task, len(reading.examples(origin, "train", study.source)))
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
        reads_dev = study.checkpoint == "best" or setting.early_stopping is not None
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
            selected_on=dev if reads_dev else "",
            selected_by=task.scorer if reads_dev else "",
            encoder_revision=encoder.revision,
            tokenizer=spm_normalisation.made_here(encoder),
            training_data=training,
            sampling_temperature=None if study.sampling is None else study.sampling.temperature,
            texts={
                language: text for e in method.estimates() for language, text in corpus.fingerprints(e, origin).items()
            },
            **places,
            data_revision=origin.revision,
            dev_data=dev,
            targets=targets,
            test_data={language: tests[language] for language in (*sources.parts(study.source), *targets)},
            trim_vocabulary=study.trim_vocabulary,
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


def _check_training_data(study: Study, task: Task[Any], there: int) -> None:
    """Refuse settings that the training data cannot satisfy: too many examples, or label noise that the task lacks."""
    settings = [setting for arm in study.arms for setting in arm.settings]
    if (most := max(setting.train_examples or 1 for setting in settings)) > there:
        raise bad("train_examples", most, f"at most {there}, the training examples in {study.source!r}")
    if any(setting.label_noise for setting in settings) and type(task).relabelled is Task.relabelled:
        raise UserError(f"label_noise: the task {task.name!r} cannot have any: it does not define 'relabelled'")
    for setting in settings if type(task).loss is not Task.loss else ():
        for name in sorted({"label_smoothing", "class_weights"} & fields.chosen(setting).keys()):
            raise bad(
                name,
                getattr(setting, name),
                f"none: it needs a cross entropy of labels, and the loss of the task {task.name!r} is another",
            )
