"""From a study to its trials: reads the data's and the encoder's fingerprints, so that every trial has its identity."""

from dataclasses import replace

from harness import data, encoders, files
from harness.errors import bad
from harness.study import Study, TrialConfig


def plan(study: Study) -> list[TrialConfig]:
    """The trials of a study, each once, in the order in which they are best run.

    Raises ``UserError`` for whatever is missing or malformed, before anything runs.
    """
    encoder = encoders.find(study.encoder)
    places = {"encoder": absolute("encoder", study.encoder), "data": absolute("data", study.data)}
    training = data.examples(study.task, study.data, "train", study.source)
    data.examples(study.task, study.data, "dev", study.source)
    tests = {language: data.examples(study.task, study.data, "test", language).fingerprint for language in (study.source, *study.targets)}
    trials: dict[str, TrialConfig] = {}
    for given, targets, setting, seed in study.runs():
        method = replace(given, **{place: absolute(place, getattr(given, place)) for place in given.places})
        trial = TrialConfig(
            task=study.task,
            source=study.source,
            method=method,
            setting=setting,
            seed=seed,
            precision=study.precision,
            encoder_revision=encoder.revision,
            training_data=training.fingerprint,
            texts={language: data.text_fingerprint(place, language) for language, place in method.texts().items()},
            **places,
            targets=targets,
            test_data={language: tests[language] for language in (study.source, *targets)},
        )
        if trial.id in trials:
            raise bad("methods", method.label, f"methods that differ: it is the same fine-tuning as {trials[trial.id].method.label}")
        trials[trial.id] = trial
    return list(trials.values())


def absolute(field: str, place: str) -> str:
    """A directory's full path, as a worker may run elsewhere; ``embedded`` and hub names stay as they are."""
    directory = files.directory(field, place) if place != "embedded" else None
    return str(directory.resolve()) if directory is not None else place
