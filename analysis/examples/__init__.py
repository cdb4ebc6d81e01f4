"""Example results that ship, for a report without a run: ``NAME.csv`` or ``NAME.csv.gz`` has one study's results."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

from harness.common.errors import unknown

DEFAULT = "panx"


def names() -> list[str]:
    """The names of the examples."""
    return sorted(_files())


@contextmanager
def example(name: str = DEFAULT) -> Iterator[Path]:
    """The file of an example's results, in the form of every report's ``results.csv``.

    Raises ``UserError`` for an unknown name.
    """
    found = _files()
    if name not in found:
        raise unknown("example", name, found)
    with resources.as_file(resources.files("analysis.examples").joinpath(found[name])) as file:
        yield file


def _files() -> dict[str, str]:
    """File names by name of the example."""
    listed = (file.name for file in resources.files("analysis.examples").iterdir())
    return {file.partition(".")[0]: file for file in listed if file.endswith((".csv", ".csv.gz"))}
