"""A report that is rewritten while its study runs."""

import time
from collections.abc import Callable

from analysis.results.frame import MISSING
from analysis.results.view import View


def watch(look: Callable[[], View], write: Callable[[View, int], None], seconds: int) -> None:
    """Write a report now, and again whenever a trial begins, advances or ends, until no trial is missing.

    The store is read every ``seconds``. ``write`` receives the view and the seconds after which an open page reloads
    itself: 0 for the last report, which is final.
    """
    before: list[tuple[str, ...]] | None = None
    while True:
        view = look()
        now = _state(view)
        ended = not (view.results.trials["status"] == MISSING).any()
        if now != before:
            write(view, 0 if ended else seconds)
        if ended:
            return
        before = now
        time.sleep(seconds)


def _state(view: View) -> list[tuple[str, ...]]:
    """The status and the progress of every trial."""
    trials = view.results.trials
    columns = [name for name in ("trial", "status", "running") if name in trials]
    return [tuple(map(str, row)) for row in trials[columns].itertuples(index=False)]
