"""A report that is rewritten while its study runs."""

import time
from collections.abc import Callable

from analysis.results.frame import MISSING
from analysis.results.view import View


def watch(look: Callable[[], View], write: Callable[[View, int], None], seconds: int) -> None:
    """Write a report now and after every trial that ends, checking every ``seconds``, until no trial is missing.

    ``write`` receives the view and the seconds after which an open page reloads itself: 0 for the last report, which is
    final.
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
