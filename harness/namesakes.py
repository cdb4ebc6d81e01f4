"""Two studies of one name in a store: the trials of both stay, but the store's record and report are of the last."""

from harness.errors import UserError
from harness.store import Store
from harness.study import Study


def replaced(study: Study, store: Store) -> str | None:
    """What to say where the store has another study of that name; ``None`` where it has none, or the same, scaled or extended.

    Another is one that asks another question or is of another task.
    """
    if study.name not in store.studies():
        return None
    try:
        before, trials = store.study(study.name)
    except UserError:
        return None
    if (before.question, before.task) == (study.question, study.task):
        return None
    count = f"{len(trials)} trial{'s' * (len(trials) != 1)}"
    return (
        f"the store has another study called {study.name!r} ({count}: {before.question}). Its trials stay, but the record and the report "
        "of that name are now this one's; another name keeps both"
    )
