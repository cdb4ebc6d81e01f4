"""Lines on the console of a run, and words for durations."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def say(console: "Console", line: str) -> None:
    """Print a line as it is: no markup, no colours for numbers, no line breaks at the terminal's width."""
    console.print(line, highlight=False, soft_wrap=True)


def note(console: "Console", line: str) -> None:
    """Write a line into the console's log file, if it has one (``harness.execution.follow.study_log``)."""
    write = getattr(console, "note", None)
    if write is not None:
        write(line)


def duration(seconds: float) -> str:
    """A duration in seconds, minutes or hours, e.g. ``12 min``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
