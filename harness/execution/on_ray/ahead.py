"""Starts Ray while a study is checked."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from harness.common.machine.cores import cores
from harness.execution.resources import Resources


def at_once(trials: int, resources: Resources) -> int:
    """Number of workers that a Ray of our own starts right away for a number of trials."""
    return min(trials, cores() // resources.cores)


@contextmanager
def ray_ahead(resources: Resources) -> Iterator[Callable[[int], None]]:
    """A context with a function that starts Ray for a number of trials, and returns before Ray has started.

    The next connection waits until Ray has started. The function does nothing if the trials need no Ray of our own. At
    its end, the context ends Ray if there was no connection to it.
    """
    with ExitStack() as held:

        def begin(trials: int) -> None:
            if not trials or resources.local or resources.ray_address is not None:
                return
            from harness.cluster import own_ray  # here, because a finished study does not need Ray

            held.enter_context(own_ray.unused_ended())
            own_ray.begin(at_once(trials, resources), resources.cores)

        yield begin
