"""What a report is made of: sections of paragraphs, tables and figures."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from matplotlib.figure import Figure

from analysis.rendering.style import drawing
from analysis.rendering.table import Table


@dataclass(frozen=True)
class Picture:
    """A figure with the words around it."""

    name: str
    """File name without its ending."""
    draw: Callable[[], Figure]
    """Makes the figure, where it is shown."""
    caption: str
    """How to read it."""
    alt: str
    """What it shows, for who cannot see it."""

    @cached_property
    def figure(self) -> Figure:
        """The figure, in the style of all."""
        with drawing():
            return self.draw()


@dataclass(frozen=True)
class Section:
    """A part of the report under one heading."""

    name: str
    """Its anchor on the page."""
    title: str
    parts: Sequence[str | Table | Picture]
    """In the order in which they are read; text is a paragraph."""

    @property
    def tables(self) -> Iterator[Table]:
        """Its tables."""
        return (part for part in self.parts if isinstance(part, Table))
