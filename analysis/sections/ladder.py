"""The learning rate at which each method breaks: breaking points, survival, and the languages that break first."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial, reduce

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from numpy.typing import NDArray

from analysis.rendering.axis import RATE, Axis, differing, settings_of
from analysis.rendering.cells import MISSING_CELL, Cell, Interval, Score
from analysis.rendering.section import Picture, Section
from analysis.rendering.style import WIDTH, colours, legend_below
from analysis.rendering.table import Table
from analysis.results.frame import Results
from analysis.results.view import View
from analysis.statistics.breaking_point import KEPT, BreakingPoint, breaking_point

RUNGS = 4
"""Smallest number of learning rates of a ladder."""


@dataclass(frozen=True)
class Ladder:
    """A method's scores over learning rates, for seeds that are complete at all rates."""

    rates: list[float]
    """The learning rates, ascending."""
    zero_shot: NDArray[np.float64]
    """Zero-shot scores, of shape seeds × rates."""
    languages: dict[str, NDArray[np.float64]]
    """Scores by target language, each of shape seeds × rates, for the languages without a missing score."""
    sign: int = 1
    """-1 if lower scores are better."""

    @classmethod
    def of(cls, results: Results, method: str) -> "Ladder | None":
        """A method's ladder; ``None`` if its settings are no ladder, or no seed is complete at all rates.

        A ladder has at least ``RUNGS`` settings, which differ in the learning rate alone.
        """
        settings = settings_of(results, method)
        if differing(results, method) != [RATE] or len(settings) < RUNGS:
            return None
        runs = results.runs[results.runs["method"] == method]
        rates = pd.to_numeric(results.settings.loc[settings, RATE]).sort_values()
        complete = runs[runs["complete"]]
        at = [complete[complete["setting"] == setting].set_index(["seed", "replicate"]) for setting in rates.index]
        seeds = reduce(pd.Index.intersection, [frame.index for frame in at])
        if not len(seeds):
            return None
        scores = results.of(method)
        targets = [*results.about.targets]
        by_rate = [scores.xs(setting, level="setting").loc[seeds, targets].to_numpy(float) for setting in rates.index]
        languages = {
            str(language): by_language
            for language, by_language in zip(targets, np.stack(by_rate, axis=1).transpose(2, 0, 1), strict=True)
            if np.isfinite(by_language).all()
        }
        zero_shot = np.column_stack([frame.loc[seeds, "zero_shot"] for frame in at])
        return cls([float(rate) for rate in rates], zero_shot.astype(np.float64), languages, results.measure.sign)

    @property
    def best(self) -> int:
        """Index of the rate with the best mean."""
        return int((self.sign * self.zero_shot.mean(axis=0)).argmax())


def section(view: View) -> Section | None:
    """The section; ``None`` if no method has a ladder (see ``Ladder.of``)."""
    made = {method: Ladder.of(view.results, method) for method in view.results.methods}
    ladders = {method: ladder for method, ladder in made.items() if ladder is not None}
    if not ladders:
        return None
    points = {
        method: breaking_point(ladder.zero_shot, ladder.rates, sign=ladder.sign) for method, ladder in ladders.items()
    }
    limit, good, _ = _limit(view.results)
    caption = (
        "Share of seeds that survive. A seed survives as long as its zero-shot score stays "
        f"{good} {limit:.0f} % of the method's best mean, from the best rate up. A line begins at the method's "
        "best rate."
    )
    alt = (
        "Share of seeds that survive, over the learning rate on a logarithmic axis. Each method has a falling line, "
        "which begins at its best rate."
    )
    picture = Picture("ladder", partial(figure, view.results, ladders, points), caption, alt)
    return Section("ladder", "Where does it break?", [table(view, ladders, points), picture, languages(view, ladders)])


def _limit(results: Results) -> tuple[float, str, str]:
    """The limit of unbroken scores in per cent of the best mean, and the sides of unbroken and of broken scores."""
    return (100 / KEPT, "below", "above") if results.measure.lower_is_better else (100 * KEPT, "above", "below")


def table(view: View, ladders: Mapping[str, Ladder], points: Mapping[str, BreakingPoint]) -> Table:
    """One row per method: its best rate, its score there, and its breaking point."""
    rows: list[list[str | Cell]] = []
    reasons: dict[str, None] = {}
    for method, ladder in ladders.items():
        point, scores = points[method], pd.Series(ladder.zero_shot[:, ladder.best])
        score = Score.over(scores, len(scores), view.ddof, view.results.form)
        rows.append(
            [
                method,
                str(len(scores)),
                f"{ladder.rates[ladder.best]:g}",
                score,
                _point(point, ladder.rates[0]),
                _span(point),
            ]
        )
        reasons |= {f"{method}: {point.reason}": None} if point.reason else {}
    header = ["method", "seeds", "best rate", "zero-shot at best rate", "breaking point", "range over seeds"]
    limit, _, bad = _limit(view.results)
    verb = "falls" if bad == "below" else "rises"
    notes = [
        f"Best rate: the learning rate with the method's {view.results.measure.best} mean. Breaking point of a seed: "
        "the last rate, from "
        f"the best rate up, before its zero-shot score first {verb} {bad} {limit:.0f} % of that mean. If the score is "
        f"{bad} this limit at the best rate, the next lower rate is the breaking point.",
        "The table has the geometric mean over seeds, with Student's 95 % interval on the logarithm. A breaking point "
        "is known to within one step of the ladder.",
        *(
            ["≥: some seeds have not broken at the method's last rate."]
            if any(p.unbroken for p in points.values())
            else []
        ),
        f"Scores are mean ± standard deviation over seeds (ddof={view.ddof}).",
        *(f"No breaking point of {reason}." for reason in reasons),
    ]
    return Table("ladder", "Breaking points", header, rows, notes)


def _point(point: BreakingPoint, first: float) -> str | Cell:
    if math.isnan(point.rate):
        return f"< {first:.3g}" if point.at_once else MISSING_CELL
    return f"≥ {point.rate:.3g}" if point.unbroken else Interval(point.rate, point.low, point.high, ".3g")


def _span(point: BreakingPoint) -> str:
    if not point.by_seed:
        return MISSING_CELL
    low, high = min(point.by_seed), max(point.by_seed)
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def languages(view: View, ladders: Mapping[str, Ladder]) -> Table:
    """One row per language: its breaking point under every method.

    Languages that break first under the first method come first.
    """
    found = {
        method: {
            language: breaking_point(scores, ladder.rates, sign=ladder.sign)
            for language, scores in ladder.languages.items()
        }
        for method, ladder in ladders.items()
    }
    by_first = next(iter(found.values()))

    def order(language: str) -> float:
        point = by_first.get(language)
        if point is None or math.isnan(point.rate):
            return -math.inf if point is not None and point.at_once else math.inf
        return point.rate

    rows: list[list[str | Cell]] = [
        [
            language,
            *(
                _point(by[language], ladders[method].rates[0]) if language in by else MISSING_CELL
                for method, by in found.items()
            ),
        ]
        for language in sorted(view.results.about.targets, key=order)
    ]
    notes = [
        "Breaking points as above, each language against its own best mean. The languages that break first with "
        f"{next(iter(found))} come first."
    ]
    return Table("ladder-languages", "Which languages break first", ["language", *found], rows, notes)


def figure(results: Results, ladders: Mapping[str, Ladder], points: Mapping[str, BreakingPoint]) -> Figure:
    """Survival over the learning rate, one line per method."""
    made = Figure(figsize=(WIDTH * 0.7, 3.6))
    axes = made.subplots()
    palette = dict(zip(results.methods, colours(results), strict=True))
    for place, (method, ladder) in enumerate(ladders.items()):
        shares = points[method].kept
        if not shares:
            continue
        lowered = [share - 0.012 * place for share in shares]  # overlapping lines would hide each other
        look = {"color": palette[method], "marker": "o", "drawstyle": "steps-post"}
        sns.lineplot(x=ladder.rates[ladder.best :], y=lowered, ax=axes, label=method, legend=False, **look)
    axes.set(ylabel="seeds that survive", ylim=(-0.08, 1.05), yticks=[0, 0.5, 1])
    axes.yaxis.set_major_formatter(lambda share, place: f"{share:.0%}")
    if (axis := Axis.rates(results)) is not None:
        axis.draw(axes, WIDTH * 0.6)
    handles, labels = axes.get_legend_handles_labels()
    legend_below(made, handles, labels, WIDTH * 0.6)
    return made
