"""Example results that ship, for a report without a run. ``quickstart.csv`` has the results of that study."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

NAME = "quickstart"


@contextmanager
def example() -> Iterator[Path]:
    """The file of the example's results, in the form of every report's ``results.csv``."""
    with resources.as_file(resources.files("analysis.examples").joinpath(f"{NAME}.csv")) as file:
        yield file
