"""One step of each method, tried before the first trial."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.execution.resources import Resources
    from harness.study import TrialConfig

MOMENT = 1.0
"""Largest number of seconds that is not reported."""


def tell_of_first_step(trials: "list[TrialConfig]", resources: "Resources") -> None:
    """Try one step of each method, and print the time if it took more than a moment.

    Raises ``UserError`` if a step fails.
    """
    from harness.checks.first_step import try_first_step

    seconds = try_first_step(trials, local=resources.local)
    if seconds > MOMENT:
        print(f"A first step of each method was tried in {seconds:.0f} s.")
