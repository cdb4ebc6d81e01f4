"""Two studies of one name in a store: the trials of both stay, but the store's record and report are of the last."""

from collections.abc import Iterable

from harness.common.errors import UserError
from harness.store.store import Store
from harness.study import Study, TrialConfig


def replaced(study: Study, trials: Iterable[TrialConfig], store: Store) -> str | None:
    """What to say where the store has another study of that name; ``None`` where it has none, or the same, scaled or
    extended.

    Another is one that asks another question, is of another task, or is a search where this is none. Where both ask the
    same, or nothing at all, it is one that shares no trial with this one's ``trials`` and has other methods or another
    encoder, or no question to know it by. (A search plans no trials, and loses none of what it had tried: see
    ``harness.tuning.journal``.)
    """
    if study.name not in store.studies():
        return None
    try:
        before, recorded = store.study(study.name)
    except UserError:
        return None
    searches = study.search is not None and before.search is not None
    apart = not searches and {trial.id for trial in trials}.isdisjoint(trial.id for trial in recorded)
    asks = (before.question, before.task, before.search is None) == (study.question, study.task, study.search is None)
    known = study.question and (before.methods, before.encoder) == (study.methods, study.encoder)
    if asks and (known or not apart):
        return None
    count = f"{len(recorded)} trial{'s' * (len(recorded) != 1)}{', none of them of this one' * apart}"
    question = f": {before.question}" if before.question else ""
    return (
        f"the store has another study called {study.name!r} ({count}{question}). Its trials stay, but the record and "
        "the report of that name are now this one's; another name keeps both"
    )
