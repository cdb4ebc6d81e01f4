"""Parts of a report: sections of paragraphs, tables and figures."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from analysis.rendering.style import drawing
from analysis.rendering.table import Table


@dataclass(frozen=True)
class Picture:
    """A figure with the words around it."""

    name: str
    """File name without its ending."""
    draw: Callable[[], Figure]
    """Makes the figure when it is shown."""
    caption: str
    """Guide to reading the figure."""
    alt: str
    """Description of the figure for screen readers."""

    @cached_property
    def figure(self) -> Figure:
        """The figure, in the common style. It is closed in pyplot, so a notebook does not display it unasked."""
        with drawing():
            figure = self.draw()
        plt.close(figure)
        return figure


@dataclass(frozen=True)
class Section:
    """A part of the report under one heading."""

    name: str
    """Anchor of the section on the page."""
    title: str
    parts: Sequence[str | Table | Picture]
    """The parts in reading order; text is a paragraph."""

    @property
    def tables(self) -> Iterator[Table]:
        """Tables of the section."""
        return (part for part in self.parts if isinstance(part, Table))
