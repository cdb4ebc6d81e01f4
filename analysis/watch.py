"""A report that is written again while its study runs."""

import time
from collections.abc import Callable

from analysis.results.frame import MISSING
from analysis.results.view import View


def watch(look: Callable[[], View], write: Callable[[View, int], None], seconds: int) -> None:
    """Write a report now and whenever a trial has ended since, looking every so many seconds, until none is missing.

    ``write`` is told after how many seconds a page that is open is to load itself again: 0 for the last one, which
    stays.
    """
    before: dict[str, str] | None = None
    while True:
        view = look()
        now = dict(zip(view.results.trials["trial"], view.results.trials["status"], strict=True))
        ended = MISSING not in now.values()
        if now != before:
            write(view, 0 if ended else seconds)
        if ended:
            return
        before = now
        time.sleep(seconds)
