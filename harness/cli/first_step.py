"""The first step of each method, tried before the first trial."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.execution.resources import Resources
    from harness.study import TrialConfig

MOMENT = 1.0
"""Seconds of trying that are not worth a line."""


def tell_of_first_step(trials: "list[TrialConfig]", resources: "Resources") -> None:
    """Try one step of each method, and print what that took where it was more than a moment. Raises ``UserError`` where
    a step fails."""
    from harness.checks.first_step import try_first_step

    seconds = try_first_step(trials, local=resources.local)
    if seconds > MOMENT:
        print(f"A first step of each method was tried in {seconds:.0f} s.")
