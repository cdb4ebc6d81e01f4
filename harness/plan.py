"""From a study to its trials: reads the data's and the encoder's fingerprints, so that every trial has its identity."""

from harness import data, encoders
from harness.study import Study, TrialConfig


def plan(study: Study) -> list[TrialConfig]:
    """The trials of a study, each once, in the order in which they are best run.

    Raises ``UserError`` for whatever is missing or malformed, before anything runs.
    """
    encoder = encoders.find(study.encoder)
    training = data.examples(study.task, study.data, "train", study.source)
    data.examples(study.task, study.data, "dev", study.source)
    tests = {language: data.examples(study.task, study.data, "test", language).fingerprint for language in (study.source, *study.targets)}
    trials: dict[str, TrialConfig] = {}
    for method, targets, setting, seed in study.runs():
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
            encoder=study.encoder,
            data=study.data,
            targets=targets,
            test_data={language: tests[language] for language in (study.source, *targets)},
        )
        trials[trial.id] = trial
    return list(trials.values())
