"""Two studies of one name in a store. The trials of both stay; the study's file and report are of the last study."""

from collections.abc import Iterable
from dataclasses import replace

from harness.common.errors import UserError
from harness.store.store import Store
from harness.study import Study, TrialConfig


def replaced(study: Study, trials: Iterable[TrialConfig], store: Store) -> str | None:
    """A warning if the store has a different study of this name, else ``None``.

    A study that was scaled or extended is not a different study. Nor is a study with other words of its question alone.
    Otherwise the stored study is different in two cases:

    - Its question or its task differs, or only one of the two is a search.
    - It shares no trial with ``trials``, and it has other methods, another encoder or no question.

    The trials of two searches are not compared. A search plans no trials, and keeps all trials that it has tried:
    see ``harness.tuning.journal``.
    """
    if study.name not in store.studies():
        return None
    try:
        before, recorded = store.study(study.name)
    except UserError:
        return None
    if replace(before, question=study.question) == study:
        return None
    searches = study.search is not None and before.search is not None
    apart = not searches and {trial.id for trial in trials}.isdisjoint(trial.id for trial in recorded)
    asks = (before.question, before.task, before.search is None) == (study.question, study.task, study.search is None)
    known = study.question and (before.methods, before.encoder) == (study.methods, study.encoder)
    if asks and (known or not apart):
        return None
    count = f"{len(recorded)} trial{'s' * (len(recorded) != 1)}{', none of them in this study' * apart}"
    question = f": {before.question}" if before.question else ""
    return (
        f"the store has another study called {study.name!r} ({count}{question}). Its trials stay, but the record and "
        "the report of that name now belong to this study; another name keeps both"
    )
