"""The study of a user's own ``tune.Tuner`` in the store: its file, and the trials that it lists."""

from collections.abc import Sequence
from typing import Any

from harness.common.console import tell
from harness.common.errors import UserError
from harness.store.store import Store
from harness.study import Study, TrialConfig

LISTINGS = 5
"""Attempts to list a trial in a store by URL, where two workers may write the study's file at once."""


def begin(study: Study, bases: Sequence[TrialConfig], store: Store) -> None:
    """Write the study's file.

    Trials of an earlier tuner stay in it if they have the same question, and agree with a base in ``_kin``. ``bases``
    has a trial of each of the study's methods.
    """
    with store.claim(f"study-{study.name}"):  # workers of another tuner may be listing their trials
        try:
            before, trials = store.study(study.name)
        except UserError:
            store.save_study(study, [])
            return
        wanted = [*map(_kin, bases)]
        kept = [trial for trial in trials if before.question == study.question and _kin(trial) in wanted]
        if left := len(trials) - len(kept):
            tell(
                f"Note: the store's record of {study.name!r} loses {left} trial{'s' * (left > 1)} with another "
                "question, task, data, encoder, method, precision or checkpoint. Results stay in the store."
            )
        store.save_study(study, kept)


def _kin(trial: TrialConfig) -> list[Any]:
    """The values that all trials of a tuner's study with the same kind of method share."""
    names = (
        "task", "task_code", "source", "sampling_temperature", "training_data", "targets", "test_data", "precision",
        "checkpoint", "encoder_revision", "tokenizer",
    )  # fmt: skip
    return [[part.name for part in trial.method.parts], *(getattr(trial, name) for name in names)]


def list_trial(name: str, trial: TrialConfig, store: Store) -> None:
    """Add a trial to a study's trials in the store, so that the report names it even if it never finishes."""
    for _ in range(LISTINGS):
        with store.claim(f"study-{name}"):
            study, trials = store.study(name)
            if trial.id in {one.id for one in trials}:
                return
            store.save_study(study, [*trials, trial])
            if store.is_local:
                return
