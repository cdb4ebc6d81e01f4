"""Lines on the console of a run."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def say(console: "Console", line: str) -> None:
    """Print a line as it is: no markup, no colours for numbers, no line breaks at the terminal's width."""
    console.print(line, highlight=False, soft_wrap=True)
