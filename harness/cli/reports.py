"""The console's words once a report is written."""

import contextlib
from typing import TYPE_CHECKING

from harness.common.errors import UserError

if TYPE_CHECKING:
    from analysis.rendering.page import Written
    from harness.store.store import Store


def tell_of_report(written: "Written", store: "Store | None" = None) -> None:
    """Print a report's summary and its place, and the files of its store that turned out to be broken."""
    print(f"\n{written.summary}\n\nreport: {written.html}", flush=True)
    tell_of_broken(store)


def tell_of_broken(store: "Store | None") -> None:
    """Print what a report has found broken in its store, and set it aside where the store can be written: the next run
    makes it again."""
    if store is None:
        return
    with contextlib.suppress(UserError):
        store.set_aside()
    for line in store.news():
        print(f"Set aside: {line}. 'steadytune run' makes it again.")
    for line in store.doubts:
        print(f"Note: {line}, and was left out.")
