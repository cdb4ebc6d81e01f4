"""What the console says of files of a store that were broken."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console

from harness.store.store import Store
from harness.study import TrialConfig


def tell(store: Store, console: Console) -> None:
    """Say what this process has set aside."""
    for line in store.news():
        console.print(f"Set aside: {line}.", highlight=False, soft_wrap=True)


@contextmanager
def telling(store: Store, trials: Iterable[TrialConfig], console: Console) -> Iterator[None]:
    """Say in the end what was set aside meanwhile by whatever process, of shared files and of some trials."""
    trials = list(trials)
    before = store.aside(trials)
    yield
    store.news()  # of this process alone
    for name in sorted(store.aside(trials) - before):
        console.print(f"Set aside: {name} was broken, and was made again.", highlight=False, soft_wrap=True)
