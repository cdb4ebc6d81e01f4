"""Labels beside the points of a plot, within the axes, and over neither points nor labels where there is room."""

# Written by hand: adjustText writes labels on error bars, and so near the points that they touch.

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from numpy.typing import NDArray

DIRECTIONS, RINGS = 16, 40
NEAR, STEP = 4.0, 5.0
"""Distances, in typographic points, from a plotted point to the nearest place of its label, and from ring to ring."""
MARGIN = 1.5
"""Free space around a label, in typographic points."""
OUTSIDE, OVER_LABEL, OVER_POINT, OVER_LINE, FARTHER = 1e6, 1e4, 30.0, 6.0, 1.0
"""Costs of a place: outside the axes, over a label, over a plotted point, over or under a piece of a leader line, and
per ring.
"""
PIECES = np.linspace(0.1, 0.9, 9)
"""Positions of the pieces along a leader line."""

Array = NDArray[np.float64]


def place(axes: Axes, points: Array, labels: Sequence[str], avoid: Array | None = None, *, size: float = 8) -> None:
    """Write a label beside each point (n × 2, in data coordinates), with a thin line if it is not next to the point.

    ``avoid`` holds further positions (m × 2), such as some along error bars, which labels avoid where possible. The
    figure's layout and the axes' limits are fixed here, and must not change afterwards.
    """
    figure = axes.get_figure(root=True)
    assert figure is not None
    FigureCanvasAgg(figure)  # needed to measure texts
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    axes.set(xlim=axes.get_xlim(), ylim=axes.get_ylim())

    style: dict[str, Any] = {"textcoords": "offset points", "ha": "center", "va": "center", "fontsize": size}
    line = {"arrowstyle": "-", "color": "0.65", "linewidth": 0.6, "shrinkA": 0, "shrinkB": 2}
    unit = figure.dpi / 72  # pixels per typographic point
    anchors = axes.transData.transform(points)
    lines = np.empty((0, 2)) if avoid is None else axes.transData.transform(avoid)
    low, high = axes.get_window_extent().get_points()
    boxes: list[Array] = []  # low and high corner of each placed label
    gaps = np.linalg.norm(anchors[:, None] - anchors[None], axis=-1) + np.diag(np.full(len(anchors), np.inf))
    crowded_first = np.argsort(gaps.min(axis=1, initial=np.inf), kind="stable")  # crowded points have the fewest places
    for i in crowded_first:
        measured = axes.annotate(labels[i], points[i], (0, 0), **style)
        extent = measured.get_window_extent()
        measured.remove()
        half = np.array([extent.width, extent.height]) / 2 + MARGIN * unit
        offsets, rings = _offsets(half, unit)
        centres = anchors[i] + offsets
        leaders = anchors[i] + offsets[:, None] * PIECES[:, None]  # places × pieces × 2
        placed = np.array(boxes).reshape(-1, 2, 2)
        cost = FARTHER * rings
        cost += OUTSIDE * ((centres - half < low) | (centres + half > high)).any(axis=1)
        cost += OVER_LABEL * (
            np.abs(centres[:, None] - placed.mean(axis=1)) < half + np.diff(placed, axis=1)[:, 0] / 2
        ).all(-1).sum(1)
        cost += OVER_POINT * (np.abs(centres[:, None] - anchors) < half + NEAR / 2 * unit).all(-1).sum(1)
        cost += OVER_LINE * (np.abs(centres[:, None] - lines) < half).all(-1).sum(1)
        under = ((leaders[:, :, None] > placed[:, 0]) & (leaders[:, :, None] < placed[:, 1])).all(-1).sum((1, 2))
        cost += OVER_LINE * np.where(rings > 0, under, 0)
        best = int(cost.argmin())
        boxes.append(np.array([centres[best] - half, centres[best] + half]))
        far = rings[best] > 0
        axes.annotate(labels[i], points[i], tuple(offsets[best] / unit), arrowprops=line if far else None, **style)
        if far:
            lines = np.concatenate([lines, leaders[best]])


def _offsets(half: Array, unit: float) -> tuple[Array, Array]:
    """Places of a label: its centre's offsets from the point (places × 2, in pixels), and the ring of each, from 0 on.

    Each of ``RINGS`` rings has a place in ``DIRECTIONS`` directions: first right, left, above and below, because the
    first of equally good places is taken. ``half`` is half of the label's width and height, and ``unit`` a typographic
    point, both in pixels.
    """
    angles = np.linspace(0, 2 * np.pi, DIRECTIONS, endpoint=False)
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    order = np.argsort(
        np.abs(directions).min(axis=1).round(6) + 0.001 * (np.abs(directions[:, 1]) > 0.5), kind="stable"
    )
    rings = np.repeat(np.arange(RINGS), DIRECTIONS).astype(float)
    away = (NEAR + STEP * rings)[:, None] * unit
    around = np.tile(directions[order], (RINGS, 1))
    return around * (half - MARGIN * unit + away), rings
