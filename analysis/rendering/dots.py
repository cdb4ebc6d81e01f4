"""The first screen's picture: one dot per run, as SVG in the page's colours, with the run's name under the pointer.

The SVG is drawn here so that the picture follows light or dark colours, is sharp on paper, and needs no script.
``analysis/README.md`` compares it with libraries. All lengths are in units of the SVG's ``viewBox``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from markupsafe import Markup
from matplotlib.ticker import MaxNLocator

from analysis.rendering.scale import Places
from analysis.results.wording import counted

WIDTH, HEIGHT = 1040, 372
TOP, LINE, BOTTOM = 52, 17, 48
"""Height above the panels for a legend of one line, height of each further line, and height of the labels below."""
PANELS = ((46, 652), (716, 1036))
"""Left and right ends of the two panels."""
SUMMARY = 0.2
"""Share of a panel's width for the means."""
LETTER = 6.6
"""Width of a letter."""
RADIUS, SMALL, SMALLEST = 4.2, 3.2, 2.4
"""Radius of a dot, of a dot among more than ``MANY``, and of a dot among more than ``VERY_MANY``."""
MANY, VERY_MANY = 150, 600
JITTER = (0, -1, 1, -2, 2)
"""Sideways steps of runs with the same method and position, in order."""


@dataclass(frozen=True)
class Dot:
    """A run."""

    method: str
    setting: str
    scores: tuple[float, float]
    """Scores in the two panels; NaN if missing."""
    collapsed: bool
    name: str
    """Text shown under the pointer."""


@dataclass(frozen=True)
class Dots:
    """Contents of the picture."""

    dots: Sequence[Dot]
    methods: Sequence[str]
    colours: Sequence[str]
    """Colours of the methods, such as ``#0173b2``."""
    titles: tuple[str, str]
    """Titles of the panels."""
    places: Places
    """Positions of the settings along a panel."""
    ddof: int
    alt: str
    form: str = ".2f"
    """The format of scores."""
    points: bool = True
    """Whether scores are points."""

    def svg(self) -> Markup:
        """The picture as an ``svg`` element. Its text and lines have the colour of the surrounding text."""
        legend = [*self._legend()]
        down = LINE * (legend[-1][1] if legend else 0)
        panels = Markup('<g transform="translate(0 {})">').format(down)
        parts = [*(mark for mark, _ in legend), panels, *self._panel(0), *self._panel(1), Markup("</g>")]
        head = Markup(
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" class="dots" role="img" aria-label="{}" '
            'font-family="system-ui, sans-serif" font-size="12" fill="currentColor">'
        ).format(WIDTH, HEIGHT + down, self.alt)
        return head + Markup("\n").join(parts) + Markup("</svg>")

    @property
    def _radius(self) -> float:
        count = len(self.dots)
        return RADIUS if count <= MANY else SMALL if count <= VERY_MANY else SMALLEST

    def _legend(self) -> Iterator[tuple[Markup, int]]:
        """Entries of the legend, each with its line number."""
        x, line = PANELS[0][0], 0
        entries = [(method, _dot(0, 0, colour)) for method, colour in zip(self.methods, self.colours, strict=True)]
        if any(dot.collapsed for dot in self.dots):
            entries.append(("collapsed run", _cross(0, 0, "currentColor")))
        entries.append(("mean ± standard deviation", _bar(0, -6, 0, 6, "currentColor")))
        for label, mark in entries:
            room = 16 + LETTER * len(label) + 18
            if x > PANELS[0][0] and x + room > WIDTH:
                x, line = PANELS[0][0], line + 1
            method = Markup(' data-method="{}"').format(label) if label in self.methods else ""
            entry = Markup('<g transform="translate({:.0f} {})"{}>{}<text x="10" y="4">{}</text></g>')
            yield entry.format(x + 5, 12 + LINE * line, method, mark, label), line
            x += round(room)

    def _panel(self, number: int) -> Iterator[Markup]:
        left, right = PANELS[number]
        means = [end for mean, std, _ in self._summaries(number).values() for end in (mean - std, mean + std)]
        scale = _Scale.of([*(dot.scores[number] for dot in self.dots), *means], points=self.points)
        split = right - SUMMARY * (right - left)
        yield Markup('<text x="{}" y="{}" font-weight="600">{}</text>').format(left, TOP - 8, self.titles[number])
        yield from self._frame(left, right, split, scale)
        yield from self._marks(number, left + 12, split - 16, scale)
        yield from self._means(number, split + 12, right - 8, scale)

    def _frame(self, left: float, right: float, split: float, scale: "_Scale") -> Iterator[Markup]:
        for tick in scale.ticks:
            y = scale.at(tick)
            yield Markup('<path d="M{} {:.1f}H{}" stroke="currentColor" stroke-opacity=".15"/>').format(left, y, right)
            yield Markup('<text x="{}" y="{:.1f}" text-anchor="end" opacity=".8">{:g}</text>').format(
                left - 6, y + 4, tick
            )
        floor = HEIGHT - BOTTOM
        yield Markup('<path d="M{0:.0f} {1}V{2}" stroke="currentColor" stroke-opacity=".3"/>').format(split, TOP, floor)
        span = split - 28 - left
        for place, label in _readable(self.places.ticks, span):
            x = left + 12 + span * place
            yield Markup('<text x="{:.1f}" y="{}" text-anchor="middle" opacity=".8">{}</text>').format(
                x, floor + 16, label
            )
        middle = left + 12 + span / 2
        yield Markup('<text x="{:.1f}" y="{}" text-anchor="middle">{}</text>').format(
            middle, floor + 36, self.places.label
        )
        yield Markup('<text x="{:.1f}" y="{}" text-anchor="middle" opacity=".8">mean</text>').format(
            (split + right) / 2, floor + 16
        )

    def _marks(self, number: int, left: float, right: float, scale: "_Scale") -> Iterator[Markup]:
        group = self.places.step * (right - left) * 0.8
        column = group / len(self.methods)
        seen: dict[tuple[str, float], int] = {}
        order = {method: place for place, method in enumerate(self.methods)}
        for dot in self.dots:
            score = dot.scores[number]
            if np.isnan(score):
                continue
            place = self.places.of[dot.setting]
            nth = seen[dot.method, place] = seen.get((dot.method, place), -1) + 1
            aside = column * (order[dot.method] + 0.5) - group / 2
            aside += min(column / 6, RADIUS) * JITTER[nth % len(JITTER)]
            x = left + (right - left) * place + aside
            at = x, scale.at(score), self.colours[order[dot.method]]
            mark = _cross(*at) if dot.collapsed else _dot(*at, self._radius)
            yield Markup('<g class="run" data-method="{}">{}<title>{}</title></g>').format(dot.method, mark, dot.name)

    def _means(self, number: int, left: float, right: float, scale: "_Scale") -> Iterator[Markup]:
        step = (right - left) / len(self.methods)
        summaries = self._summaries(number)
        for place, (method, colour) in enumerate(zip(self.methods, self.colours, strict=True)):
            if method not in summaries:
                continue
            mean, std, runs = summaries[method]
            x, y = left + step * (place + 0.5), scale.at(mean)
            ends = (scale.at(mean + std), scale.at(mean - std))
            told = (
                f"{method}: {mean:{self.form}}"
                + (f" ± {std:{self.form}}" if runs > 1 else "")
                + f", {counted(runs, 'run')}"
            )
            mark = _bar(x, ends[0], x, ends[1], colour) + _dot(x, y, colour, RADIUS + 1.4)
            yield Markup('<g class="run" data-method="{}">{}<title>{}</title></g>').format(method, mark, told)

    def _summaries(self, number: int) -> dict[str, tuple[float, float, int]]:
        """Mean, standard deviation (0 for one run) and number of runs of each method with scores in a panel."""
        found = {}
        for method in self.methods:
            scores = np.array([dot.scores[number] for dot in self.dots if dot.method == method])
            scores = scores[~np.isnan(scores)]
            if len(scores):
                std = float(scores.std(ddof=self.ddof)) if len(scores) > 1 else 0.0
                found[method] = (float(scores.mean()), std, len(scores))
        return found


@dataclass(frozen=True)
class _Scale:
    """The vertical scale of scores."""

    low: float
    high: float
    ticks: tuple[float, ...]

    @classmethod
    def of(cls, scores: Sequence[float], *, points: bool) -> "_Scale":
        known = np.array(scores)[~np.isnan(scores)]
        low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 100.0)
        pad = max(0.06 * (high - low), 0.2 if points else 0.01 * abs(high) or 1.0)
        low, high = low - pad, high + pad
        ticks = MaxNLocator(6, steps=[1, 2, 5, 10]).tick_values(low, high)
        return cls(low, high, tuple(float(tick) for tick in ticks if low <= tick <= high))

    def at(self, score: float) -> float:
        """The vertical position of a score."""
        return HEIGHT - BOTTOM - (score - self.low) / (self.high - self.low) * (HEIGHT - BOTTOM - TOP)


def _readable(ticks: Sequence[tuple[float, str]], span: float) -> Sequence[tuple[float, str]]:
    """Every n-th tick, with the smallest n whose labels leave two letters of room between them; else one tick."""
    for every in range(1, len(ticks)):
        kept = ticks[::every]
        ends = [(span * place, LETTER * len(label) / 2) for place, label in kept]
        if all(x - half >= before + wide + 2 * LETTER for (before, wide), (x, half) in pairwise(ends)):
            return kept
    return ticks[:1]


def _dot(x: float, y: float, colour: str, radius: float = RADIUS) -> Markup:
    return Markup('<circle cx="{:.1f}" cy="{:.1f}" r="{:g}" fill="{}"/>').format(x, y, radius, colour)


def _cross(x: float, y: float, colour: str) -> Markup:
    path = Markup('<path d="M{:.1f} {:.1f}l9 9m0 -9l-9 9" stroke="{}" stroke-width="2.2" fill="none"/>')
    return path.format(x - 4.5, y - 4.5, colour)


def _bar(x: float, y: float, to_x: float, to_y: float, colour: str) -> Markup:
    path = Markup('<path d="M{:.1f} {:.1f}L{:.1f} {:.1f}" stroke="{}" stroke-width="2.5"/>')
    return path.format(x, y, to_x, to_y, colour)
