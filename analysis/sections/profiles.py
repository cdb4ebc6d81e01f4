"""Robustness profiles and expected best scores: all runs of a method, and the best of a few tries."""

import math
from functools import partial

import numpy as np
import seaborn as sns
from matplotlib.figure import Figure
from numpy.typing import NDArray

from analysis.rendering.cells import MISSING_CELL, Cell, Interval, Score
from analysis.rendering.section import Picture, Section
from analysis.rendering.style import WIDTH, colours, legend_below, metric_name
from analysis.rendering.table import Table, std_note
from analysis.results.view import View
from analysis.statistics.expected_best import Curve, selected
from analysis.statistics.profiles import Profile, interquartile_mean, profile

MIN_RUNS = 3
"""Smallest number of complete runs for a method's row."""
TRIES = (1, 3, 10, 30)
"""Numbers of tries in the table, up to the number of runs."""
TRUSTED = 0.25
"""Largest number of tries, as a share of the runs, with a valid interval of the expected best. Beyond it no interval is
drawn."""
THRESHOLDS, POINTS = 200, 40


def section(view: View) -> Section | None:
    """The section; ``None`` if no method has enough runs."""
    complete = view.results.runs[view.results.runs["complete"]]
    enough = {method: runs for method, runs in complete.groupby("method") if len(runs) >= MIN_RUNS}
    on = "dev" if all(runs["dev"].notna().all() for runs in enough.values()) else "source"
    scored = {method: enough[method].dropna(subset=[on]) for method in view.results.methods if method in enough}
    scores = {method: runs for method, runs in scored.items() if len(runs) >= MIN_RUNS}
    if not scores:
        return None
    sign = view.results.measure.sign
    side, better = ("below", "left") if sign < 0 else ("above", "right")
    zero_shot = {method: runs["zero_shot"].to_numpy(np.float64) for method, runs in scores.items()}
    best = {method: selected(sign * runs[on], zero_shot[method], _tries(len(runs))) for method, runs in scores.items()}
    draw = partial(figure, view, zero_shot, best)
    caption = (
        f"Left: the share of a method's runs with a zero-shot score {side} τ. A curve further to the {better} means "
        "better runs, and a steeper curve means steadier runs. Right: the expected zero-shot score of the run with the "
        "best source score among n random runs. Bands are pointwise 95 % intervals over runs, where these are valid."
    )
    alt = (
        f"Left, the share of runs {side} a zero-shot score. Right, the expected zero-shot score over the number of "
        "tries. Each method has a colour."
    )
    made = table(view, zero_shot, best, on)
    return Section("profiles", "Robustness profiles and expected best", [made, Picture("profiles", draw, caption, alt)])


def table(view: View, zero_shot: dict[str, NDArray[np.float64]], best: dict[str, Curve], on: str) -> Table:
    """Interquartile mean and expected scores after some tries, one row per method."""
    most = max(len(scores) for scores in zero_shot.values())
    tries = [n for n in TRIES if n <= most]
    rows: list[list[str | Cell]] = []
    form = view.results.form
    for method, scores in zero_shot.items():
        middle = interquartile_mean(scores)
        mean = Score(float(scores.mean()), float(scores.std(ddof=view.ddof)), len(scores), len(scores), form)
        rows.append(
            [
                method,
                mean,
                Interval(middle.value, middle.low, middle.high, form),
                *(_after(best[method], n, form) for n in tries),
            ]
        )
    header = ["method", "mean", "interquartile mean", *(f"best of {n}" if n > 1 else "one run" for n in tries)]
    split = "dev" if on == "dev" else "test"
    notes = [
        std_note("of zero-shot scores over complete runs", view.ddof),
        "The interquartile mean is the mean of the middle half of the runs (Agarwal et al., 2021), with a 95 % "
        "bootstrap interval over runs.",
        f"Best of n: the expected zero-shot score of the run with the best {view.results.source} {split} score among "
        "n different random runs. The estimate follows Dodge et al. (2019), without their bias. Its interval is too "
        "short if n is near the number of runs.",
    ]
    return Table("profiles", "Interquartile means and expected best", header, rows, notes)


def _tries(runs: int) -> NDArray[np.intp]:
    """Numbers of tries at which a curve is computed: the table's numbers, and some in between."""
    every = np.concatenate([np.rint(np.geomspace(1, runs, POINTS)).astype(np.intp), [n for n in TRIES if n <= runs]])
    return np.unique(every)


def _after(curve: Curve, tries: int, form: str) -> str | Cell:
    place = np.flatnonzero(curve.tries == tries)
    if not len(place):
        return MISSING_CELL
    i = int(place[0])
    low, high = (float(side[i]) if len(side) else math.nan for side in (curve.low, curve.high))
    return Interval(float(curve.value[i]), low, high, form)


def figure(view: View, zero_shot: dict[str, NDArray[np.float64]], best: dict[str, Curve]) -> Figure:
    """Profiles and expected zero-shot scores, one colour per method."""
    made = Figure(figsize=(WIDTH, 4.6))
    left, right = made.subplots(1, 2)
    every = np.concatenate([*zero_shot.values()])
    measure = view.results.measure
    margin = 0.5 if measure.points else 0.05 * float(np.ptp(every)) or 0.5
    thresholds = np.linspace(every.min() - margin, every.max() + margin, THRESHOLDS)
    palette = dict(zip(view.results.methods, colours(view.results), strict=True))
    for method, scores in zero_shot.items():
        shown: Profile = profile(measure.sign * scores, measure.sign * thresholds)
        _band(left, thresholds, 100 * shown.share, 100 * shown.low, 100 * shown.high, method, palette[method])
        curve = best[method]
        trusted = max(1, int((curve.tries <= curve.n * TRUSTED).sum())) if len(curve.low) else 0
        _band(right, curve.tries, curve.value, curve.low[:trusted], curve.high[:trusted], None, palette[method])
    right.xaxis.get_major_locator().set_params(integer=True)
    left.set(
        xlabel=f"zero-shot score τ, {metric_name(view.results)}",
        ylabel=f"runs {'below' if measure.lower_is_better else 'above'} τ (%)",
        ylim=(-2, 102),
    )
    right.set(xlabel="tries", ylabel=f"expected zero-shot score, {metric_name(view.results)}")
    handles, labels = left.get_legend_handles_labels()
    legend_below(made, handles, labels, WIDTH * 0.8)
    return made


def _band(axes, x, y, low, high, label, colour) -> None:  # type: ignore[no-untyped-def]
    sns.lineplot(x=x, y=y, ax=axes, color=colour, label=label, legend=False, errorbar=None)
    if len(low):
        axes.fill_between(x[: len(low)], low, high, color=colour, alpha=0.15, linewidth=0)
