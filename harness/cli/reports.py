"""Console messages after a report is written."""

import contextlib
from typing import TYPE_CHECKING

from harness.common.console import tell
from harness.common.errors import UserError

if TYPE_CHECKING:
    from analysis.rendering.page import Written
    from harness.store.store import Store


def tell_of_report(written: "Written", store: "Store | None" = None) -> None:
    """Print a report's summary and place, and repair its store."""
    print(f"\n{written.summary}\n\nreport: {written.html}", flush=True)
    repair(store)


def repair(store: "Store | None") -> None:
    """Quarantine the broken files that the report found, and print a line for each file.

    The next run makes the files again. If the store cannot be written, the files stay.
    """
    if store is None:
        return
    with contextlib.suppress(UserError):
        for moved in store.repair():
            tell(f"Set aside: {moved}. The next run makes it again.")
    for fault in store.faults:
        tell(f"Note: {fault}, and was left out.")
