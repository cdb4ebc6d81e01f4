"""Console messages on files of a store that were moved to quarantine."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console

from harness.common.console import say
from harness.store.store import Store
from harness.study import TrialConfig


def repair(store: Store, console: Console) -> None:
    """Move a store's broken files to quarantine, and print a line for each."""
    for file in (*store.repaired_at_opening, *store.repair()):
        say(console, f"Set aside: {file}.")


@contextmanager
def watched(store: Store, trials: Iterable[TrialConfig], console: Console) -> Iterator[None]:
    """At the end, print a line for each file that any process has moved to quarantine meanwhile.

    Covers the shared files and the files of the given trials.
    """
    trials = list(trials)
    before = store.quarantined(trials)
    yield
    for name in sorted(store.quarantined(trials) - before):
        say(console, f"Set aside: {name} was broken, and is made again when needed.")
