"""Whether a method is steadier than the baseline: ratios of standard deviations, tests, and minimum detectable
ratios."""

import math
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from statsmodels.stats.multitest import multipletests

from analysis.rendering.cells import MISSING_CELL, Cell, Number, Probability, Ratio
from analysis.rendering.section import Picture, Section
from analysis.rendering.style import WIDTH, abreast, colours
from analysis.rendering.table import Table
from analysis.results.comparison import LANGUAGES, SOURCE, ZERO_SHOT, Comparison, SpreadStatistics
from analysis.results.view import View
from analysis.statistics.brown_forsythe import MIN_RUNS, brown_forsythe
from analysis.statistics.minimum_detectable import FEW_RUNS, minimum_detectable_by_brown_forsythe
from analysis.statistics.std_ratio import MIN_FOR_BOOTSTRAP, StdRatio, std_ratio

TITLE = "Is it steadier?"
MAX_SHOWN = 60
"""Languages that the figure has room for."""
LIMIT = 30.0
"""Ratio beyond which, and beyond whose inverse, the figure cuts intervals off."""


def section(view: View) -> Section | None:
    """Where a method and its baseline have at least two runs in common."""
    found = {method: comparison for method, comparison in view.comparisons.items() if comparison.runs > 1}
    if not found:
        return Section("spread", TITLE, [view.no_baseline]) if view.no_baseline else None
    parts: list[str | Table | Picture] = [table(view, found)]
    parts += [*_warnings(found), *filter(None, [view.no_baseline])]
    ratios = {
        method: language_ratios(comparison) for method, comparison in found.items() if comparison.steady_languages
    }
    drawable = {m: {code: r for code, r in by.items() if not math.isnan(r.value)} for m, by in ratios.items()}
    drawable = {method: by for method, by in drawable.items() if by}
    if drawable:
        draw = partial(figure, view, drawable)
        intervals = (
            ", with 95 % intervals"
            if any(not math.isnan(r.low) for by in drawable.values() for r in by.values())
            else ""
        )
        caption = (
            "Standard deviation over runs of each language, as a ratio to the baseline's over the same "
            f"runs{intervals}; left of 1 the method is steadier. Languages share their runs: that many point the same "
            "way is no more evidence than one."
        )
        alt = (
            "Ratios of standard deviations with intervals, a row a language, on a logarithmic axis, a colour a method."
        )
        parts.append(Picture("spread", draw, caption, alt))
    if ratios:
        parts.append(languages(view, found, ratios))
    return Section("spread", TITLE, parts)


def table(view: View, found: Mapping[str, Comparison]) -> Table:
    """A row a method and score: ratio with interval, p, and the minimum detectable ratio."""
    adjusted = holm(found)
    rows: list[list[str | Cell]] = []
    reasons: dict[str, None] = {}
    for method, comparison in found.items():
        for name, spread in comparison.spreads.items():
            what = {
                SOURCE: view.results.source,
                ZERO_SHOT: "zero-shot score",
                LANGUAGES: f"{len(comparison.steady_languages)} languages (geometric mean)",
            }[name]
            cells = _cells(spread, adjusted.get(method) if name == LANGUAGES else None)
            rows.append([method, what, str(comparison.runs), *cells, *_other_settings(spread)])
            statistics = (spread.ratio, spread.test, spread.minimum_detectable, spread.other_ratio, spread.other_test)
            reasons |= dict.fromkeys(one.reason for one in statistics if one is not None and one.reason)
    base = view.base_name
    header = ["method", "std of", "runs", f"ratio to {base}", "p", "p, Holm", "minimum detectable ratio"]
    notes = [
        f"Ratio: standard deviation over the runs that both methods have, over {base}'s, with a 95 % interval in "
        f"which whole runs, paired by setting and seed, are resampled (bootstrap-t from {MIN_FOR_BOOTSTRAP} runs "
        "on, jackknife below). It takes the runs for a sample of those that could have been.",
        "p: two-sided paired permutation test of the mean log ratio, in which the methods are swapped within a "
        "setting and seed, all languages of a run together; Holm: corrected for the number of methods, for the row "
        "over languages.",
        "Minimum detectable ratio: the ratio (or its inverse) that this test finds at 5 % with 80 % power, before any "
        "correction, with as many runs that go together as these do.",
    ]
    if any(spread.other_ratio is not None for comparison in found.values() for spread in comparison.spreads.values()):
        header += ["ratio, other settings", "p, other settings"]
        notes.append(
            "Runs of one setting are alike: where settings have several runs, ratio and p are about these settings, "
            "with other seeds. For other settings whole settings are resampled and swapped, and their number counts."
        )
    else:
        rows = [row[: len(header)] for row in rows]
    notes += [f"Nothing is given where {reason}." for reason in reasons]
    return Table("spread", "Ratios of standard deviations", header, rows, notes)


def holm(found: Mapping[str, Comparison]) -> dict[str, float]:
    """The p over languages of each method, corrected for testing all of them."""
    tested = {m: c.spreads[LANGUAGES].test.p for m, c in found.items() if LANGUAGES in c.spreads}
    tested = {method: p for method, p in tested.items() if not math.isnan(p)}
    if not tested:
        return {}
    return dict(zip(tested, map(float, multipletests(np.array([*tested.values()]), method="holm")[1]), strict=True))


def _cells(spread: SpreadStatistics, adjusted: float | None) -> list[str | Cell]:
    ratio, test, detectable = spread.ratio, spread.test, spread.minimum_detectable.ratio
    return [
        Ratio(ratio.value, ratio.low, ratio.high),
        probability(test.p),
        probability(math.nan if adjusted is None else adjusted),
        MISSING_CELL if math.isnan(detectable) else Number(detectable, ".2f"),
    ]


def _other_settings(spread: SpreadStatistics) -> list[str | Cell]:
    ratio, test = spread.other_ratio, spread.other_test
    if ratio is None or test is None:
        return [MISSING_CELL, MISSING_CELL]
    return [Ratio(ratio.value, ratio.low, ratio.high), probability(test.p)]


def probability(p: float) -> str | Cell:
    """A p-value."""
    return MISSING_CELL if math.isnan(p) else Probability(p)


def _warnings(found: Mapping[str, Comparison]) -> list[str]:
    runs = sorted({comparison.runs for comparison in found.values()})
    if runs[0] >= FEW_RUNS:
        return []
    least = next(iter(found[min(found, key=lambda m: found[m].runs)].spreads.values())).test.least_p
    words = f"Only {runs[0]} runs" if len(runs) == 1 else f"Some comparisons have only {runs[0]} runs"
    smallest = "" if math.isnan(least) else f" The smallest p that {runs[0]} runs can give is {least:.2g}."
    return [
        f"{words}: standard deviations are hardly known, and a difference that is not shown here may well be "
        f"there.{smallest}"
    ]


def language_ratios(comparison: Comparison) -> dict[str, StdRatio]:
    """The std ratio of every language that both scored in every run."""
    ours, theirs = comparison.matrices
    return {code: std_ratio(ours[:, i], theirs[:, i]) for i, code in enumerate(comparison.steady_languages)}


def languages(view: View, found: Mapping[str, Comparison], ratios: Mapping[str, Mapping[str, StdRatio]]) -> Table:
    """A row a language, for every method the ratio and Brown and Forsythe's test, with Holm's correction over the
    languages."""
    tests = {
        method: dict(zip(found[method].steady_languages, brown_forsythe(*found[method].matrices), strict=True))
        for method in ratios
    }
    rows: list[list[str | Cell]] = []
    for code in view.results.about.targets:
        row: list[str | Cell] = [code]
        for method, by in ratios.items():
            if code not in by:
                row += [MISSING_CELL] * 3
                continue
            ratio, test = by[code], tests[method][code]
            row += [Ratio(ratio.value, ratio.low, ratio.high), probability(test.p), probability(test.holm)]
        rows.append(row)
    runs = sorted({found[method].runs for method in ratios})
    least = {count: minimum_detectable_by_brown_forsythe(count).ratio for count in runs}
    powers = [f"{count} runs: {'none' if math.isnan(ratio) else f'{ratio:.2f}'}" for count, ratio in least.items()]
    base = view.base_name
    notes = [
        f"Ratios of standard deviations to {base}'s over the runs that both have, with 95 % intervals. p: Brown and "
        f"Forsythe's test, from {MIN_RUNS} runs on, which takes the two methods for independent: the more their scores "
        "go together, the less it finds; Holm: corrected for the number of languages.",
        "Minimum detectable ratio in one language, with 80 % power and before Holm's correction, with "
        f"{'; '.join(powers)}.",
    ]
    header = ["language", *(head for method in ratios for head in (method, f"{method}, p", f"{method}, p, Holm"))]
    return Table("spread-languages", "Ratios by language", header, rows, notes)


def figure(view: View, ratios: Mapping[str, Mapping[str, StdRatio]]) -> Figure:
    """A forest plot: a row a language, a colour a method."""
    codes = [code for code in view.results.about.targets if any(code in by for by in ratios.values())][:MAX_SHOWN]
    columns = math.ceil(len(codes) / 20)
    rows = math.ceil(len(codes) / columns)
    made = Figure(figsize=(8.0 if columns == 1 else WIDTH, min(8.9, 1.3 + (0.2 + 0.09 * len(ratios)) * rows)))
    palette = dict(zip(view.results.methods, colours(view.results), strict=True))
    frame = pd.DataFrame(
        [
            {"method": method, "language": code, "ratio": ratio.value, "low": ratio.low, "high": ratio.high}
            for method, by in ratios.items()
            for code, ratio in by.items()
        ]
    )
    panels = made.subplots(1, columns, sharex=True, squeeze=False)[0]
    for axes, start in zip(panels, range(0, len(codes), rows), strict=True):
        _panel(axes, frame, codes[start : start + rows], {method: palette[method] for method in ratios})
        axes.set(xscale="log", xlim=_limits(frame), xlabel="std ratio", ylabel="")
        axes.xaxis.set_major_formatter("{x:g}")
        axes.grid(axis="y", visible=False)
    handles, labels = made.axes[0].get_legend_handles_labels()
    made.legend(handles, labels, loc="outside lower center", ncols=abreast(labels, 7.0), frameon=False)
    return made


def _limits(frame: pd.DataFrame) -> tuple[float, float]:
    """Ends of the axis, within ``LIMIT`` but for ratios beyond it."""
    ratios = frame["ratio"]
    return (
        max(min(1 / LIMIT, 0.8 * ratios.min()), 0.9 * frame["low"].min(skipna=True)),
        min(max(LIMIT, 1.2 * ratios.max()), 1.1 * frame["high"].max(skipna=True)),
    )


def _panel(
    axes: Axes, frame: pd.DataFrame, codes: Sequence[str], palette: Mapping[str, tuple[float, float, float]]
) -> None:
    """Some languages, a row each, with a mark and an interval a method."""
    places = {code: place for place, code in enumerate(codes)}
    for place, (method, colour) in enumerate(palette.items()):
        here = frame[(frame["method"] == method) & frame["language"].isin(codes)]
        y = here["language"].map(places) + 0.7 * ((place + 0.5) / len(palette) - 0.5)
        axes.hlines(y, here["low"], here["high"], color=colour, linewidth=1.4, alpha=0.8)
        sns.scatterplot(x=here["ratio"], y=y, color=colour, s=22, ax=axes, label=method, legend=False, zorder=3)
    axes.axvline(1, color="0.3", linewidth=0.8)
    axes.set(yticks=range(len(codes)), ylim=(len(codes) - 0.5, -0.5))
    axes.set_yticklabels(codes)
