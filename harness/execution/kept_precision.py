"""The precision of a continued study: the precision of its begun trials."""

from dataclasses import replace

from harness.common.console import tell
from harness.common.errors import UserError
from harness.store.store import Store
from harness.study import AUTO, Study
from harness.training import precision


def with_kept_precision(study: Study, place: str, gpus: float | None) -> Study:
    """The study, with ``auto`` replaced by the precision of its begun trials in a store.

    A study begun on another machine, or by a version with another ``auto``, thus keeps its trials. The precision is
    taken only if it is fp32 or this device's fastest precision. Prints a note if it is not the fastest.

    Args:
        study: A study to run.
        place: Folder or URL of the store, which may not exist yet.
        gpus: A trial's share of a GPU; ``None`` means one GPU if there is any.
    """
    if study.precision != AUTO:
        return study
    found, best = _finished(study.name, place), precision.chosen(AUTO, gpus)
    if found not in ("fp32", best):
        return study
    if found != best:
        tell(
            f"Note: precision {found}, as in the earlier trials of {study.name}. "
            f"'--set precision={best}' runs all its trials anew in {best}, which is faster here."
        )
    return replace(study, precision=found)


def _finished(name: str, place: str) -> str | None:
    """Precision of the first begun trial (with a record or checkpoint) of a study's last run; ``None`` without one."""
    try:
        store = Store(place, create=False)
        _, trials = store.study(name)
    except UserError:  # no store, no such study, or a study of another version
        return None
    there = set(store.ids())  # of failed trials too
    begun = (trial for trial in trials if trial.id in there and (store.record(trial.id) or store.states(trial.id)))
    return next((trial.precision for trial in begun), None)
