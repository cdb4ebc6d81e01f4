"""Common style of the figures.

Figures fit a page, the report shows their letters at full size, and a method keeps its colour.
"""

import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import seaborn as sns

from analysis.results.frame import Results

if "ipykernel" not in sys.modules:  # in a notebook, Agg would hide the reader's own figures
    mpl.use("Agg")

STYLE: dict[Any, Any] = {
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "figure.titlesize": 11,
    "figure.titleweight": "bold",
    "grid.color": "#e6e6e6",
    "legend.fontsize": 9,
    "legend.title_fontsize": 9,
    "svg.hashsalt": "steadytune",  # makes the same figure give the same file
    "figure.constrained_layout.use": True,
}
PALETTE, PALETTE_OF_MANY = "colorblind", "husl"
"""Palette for up to ten methods, after which its colours would repeat, and palette for more."""
WIDTH, HEIGHT = 10.2, 9.0
"""Largest size in inches: the width at which the report shows a figure, and the height of a page."""
STYLED = 10
"""Largest number of settings that a figure distinguishes by marker or colour. More settings look alike."""
RASTERISED = 1500
"""Largest number of marks that a vector file holds one by one. More marks are one image, which is faster to show."""


def colours(results: Results) -> list[tuple[float, float, float]]:
    """One colour (RGB, 0 to 1) per method, the same in every figure."""
    palette = sns.color_palette(PALETTE)
    count = len(results.methods)
    return list(palette[:count] if count <= len(palette) else sns.color_palette(PALETTE_OF_MANY, count))


def metric_name(results: Results) -> str:
    """The metric's name for axes and notes."""
    return results.measure.axis


@contextmanager
def drawing() -> Iterator[None]:
    """A context in which figures have this style."""
    with sns.axes_style("ticks"), mpl.rc_context(STYLE):
        yield


def setting_names(results: Results) -> tuple[str, dict[str, str]]:
    """The names of the differing hyperparameters in one text, and a short label for each setting: its values.

    If the settings' labels are no lists of ``name=value``, the text is ``setting``, and the labels stay.
    """
    parts = {setting: [part.partition("=") for part in setting.split(" ")] for setting in results.settings_met}
    if any(not equals for part in parts.values() for _, equals, _ in part):
        return "setting", {setting: setting for setting in parts}
    names = ", ".join(name.replace("_", " ") for name, _, _ in parts[results.settings_met[0]])
    return names, {setting: ", ".join(value for _, _, value in values) for setting, values in parts.items()}


def take_legend(axes: mpl.axes.Axes) -> tuple[list[Any], list[str]]:
    """Handles and labels of the axes' legend, which is removed: the figure has room for it, the axes do not."""
    if (legend := axes.get_legend()) is not None:
        legend.remove()
    return axes.get_legend_handles_labels()


def few_ticks(axes: mpl.axes.Axes, labels: Sequence[str], room: float) -> None:
    """Label every n-th cell under a heat map, so that upright labels of 8 points fit ``room`` inches."""
    every = -(-len(labels) // max(1, int(room / 0.15)))
    axes.set_xticks([place + 0.5 for place in range(0, len(labels), every)], labels[::every])


def abreast(labels: Iterable[str], room: float) -> int:
    """Number of columns of a legend with these labels, in ``room`` inches."""
    longest = max(len(line) for label in labels for line in label.splitlines())
    return max(1, int(room / (0.5 + 0.075 * longest)))


def legend_below(figure: mpl.figure.Figure, handles: Sequence[Any], labels: Sequence[str], room: float) -> None:
    """A legend below the axes, in as many columns as fit ``room`` inches."""
    figure.legend(handles, labels, loc="outside lower center", ncols=abreast(labels, room), frameon=False)


def broken(label: str, characters: int) -> str:
    """A method's label over several lines if it has more than ``characters`` letters.

    Lines begin at each ``+`` of the label, and at the options of a part that is still too long.
    """
    parts = label.split(" + ")
    whole = [parts[0], *(f"+ {part}" for part in parts[1:])] if len(label) > characters else [label]
    lines = [
        line
        for part in whole
        for line in ([part] if len(part) <= characters else part.replace("(", "\n(", 1).splitlines())
    ]
    return "\n".join(textwrap.fill(line, characters, break_long_words=False) for line in lines)
