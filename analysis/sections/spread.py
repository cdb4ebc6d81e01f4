"""Comparison of spread with the baseline: ratios of standard deviations, tests, and minimum detectable ratios."""

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from analysis.claims.answer import Answer, answer
from analysis.claims.claim import Quantity, Scope
from analysis.rendering.cells import MISSING_CELL, Cell, Number, Probability, Ratio
from analysis.rendering.section import Picture, Section
from analysis.rendering.style import WIDTH, colours, legend_below
from analysis.rendering.table import Table
from analysis.results.comparison import LANGUAGES, SOURCE, ZERO_SHOT, Comparison
from analysis.results.view import View
from analysis.results.wording import counted
from analysis.statistics.spread.brown_forsythe import MIN_RUNS, brown_forsythe
from analysis.statistics.spread.minimum_detectable import FEW_RUNS, minimum_detectable_by_brown_forsythe
from analysis.statistics.spread.std_ratio import StdRatio, std_ratios

TITLE = "Is it steadier?"
MINIMUM = "minimum detectable ratio"
MAX_SHOWN = 60
"""Largest number of languages in the figure."""
LIMIT = 30.0
"""The figure cuts intervals off beyond this ratio and its inverse."""


def section(view: View) -> Section | None:
    """The section; ``None`` if no method has two runs in common with its baseline.

    If the baseline has no run left because all collapsed, a sentence says so.
    """
    found = answer(view)
    pairs = {method: contrast.comparison.surviving for method, contrast in found.contrasts.items()}
    pairs = {method: comparison for method, comparison in pairs.items() if comparison.runs > 1}
    if not pairs:
        return Section("spread", TITLE, [view.no_baseline]) if view.no_baseline else None
    parts: list[str | Table | Picture] = [table(view, found, pairs)]
    parts += [*_warnings(pairs), *filter(None, [view.no_baseline])]
    ratios = {method: language_ratios(comparison) for method, comparison in pairs.items()}
    ratios = {method: by for method, by in ratios.items() if by}
    drawable = {m: {code: r for code, r in by.items() if not math.isnan(r.value)} for m, by in ratios.items()}
    drawable = {method: by for method, by in drawable.items() if by}
    if drawable:
        parts.append(_picture(view, drawable))
    if ratios:
        parts.append(languages(view, pairs, ratios))
    return Section("spread", TITLE, parts)


def _picture(view: View, ratios: Mapping[str, Mapping[str, StdRatio]]) -> Picture:
    bounded = any(not math.isnan(r.low) for by in ratios.values() for r in by.values())
    caption = (
        "Each language's standard deviation over runs, as a ratio to the baseline's over the same "
        f"runs{', with 95 % intervals' if bounded else ''}. Left of 1 the method is steadier. Languages share their "
        "runs, so languages with the same direction are not independent evidence."
    )
    alt = "Ratios of standard deviations: one row per language, one colour per method; logarithmic axis."
    return Picture("spread", partial(figure, view, ratios), caption, alt)


def table(view: View, found: Answer, pairs: Mapping[str, Comparison]) -> Table:
    """One row per method and score for these runs, and one per method for each wider scope with a test."""
    rows: list[list[str | Cell]] = []
    for method, comparison in pairs.items():
        claims = {scope: found.claim(Quantity.SPREAD, method, scope) for scope in Scope}
        for name, spread in comparison.spreads.items():
            claim = claims[Scope.THESE]
            told = claim is not None and claim.of == name and claim.tested
            rows.append(
                [
                    method,
                    _score(view, comparison, name),
                    str(Scope.THESE),
                    str(comparison.runs),
                    _ratio(spread.ratio.value, spread.ratio.low, spread.ratio.high),
                    probability(spread.test.p),
                    probability(claim.corrected if claim is not None and told else math.nan),
                    _number(spread.minimum_detectable.ratio),
                ]
            )
        for scope in (Scope.SEEDS, Scope.SETTINGS):
            if (claim := claims[scope]) is not None and claim.tested:
                score = _score(view, comparison, claim.of)
                ratio = _ratio(claim.estimate, claim.low, claim.high)
                tests = probability(claim.p), probability(claim.corrected)
                rows.append([method, score, str(scope), str(claim.n), ratio, *tests, MISSING_CELL])
    header = ["method", "std of", "for", "pairs", f"ratio to {view.base_name}", "p", "p, Holm", MINIMUM]
    notes = [*_notes(view), *_reasons(found, pairs)]
    terms = {
        f"ratio to {view.base_name}": "ratio of standard deviations",
        "p": "swap test",
        "Holm": "Holm's correction",
        MINIMUM: MINIMUM,
    }
    return Table("spread", "Ratios of standard deviations", header, rows, notes, terms=terms)


def _notes(view: View) -> Iterator[str]:
    if view.results.runs["collapsed"].any():
        yield "Pairs in which either run collapsed are left out."


def _reasons(found: Answer, pairs: Mapping[str, Comparison]) -> Iterator[str]:
    """The reasons for missing values, each once."""
    of_spreads = (
        one.reason
        for comparison in pairs.values()
        for spread in comparison.spreads.values()
        for one in (spread.ratio, spread.test, spread.minimum_detectable)
    )
    reasons = (*of_spreads, *(claim.reason for claim in found.of(Quantity.SPREAD)))
    told = [*dict.fromkeys(filter(None, reasons))]
    if told:
        yield f"No value is given if {'; if '.join(told)}."


def _score(view: View, comparison: Comparison, name: str) -> str:
    return {
        SOURCE: view.results.source,
        ZERO_SHOT: "zero-shot score",
        LANGUAGES: f"{counted(len(comparison.steady_languages), 'language')} (geometric mean)",
    }[name]


def _ratio(value: float, low: float, high: float) -> str | Cell:
    return Ratio(value, low, high)


def _number(value: float) -> str | Cell:
    return MISSING_CELL if math.isnan(value) else Number(value, ".2f")


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
    return [f"{words}: standard deviations are hardly known, and a real difference may be missed.{smallest}"]


def language_ratios(comparison: Comparison) -> dict[str, StdRatio]:
    """The std ratio of each of the ``steady_languages``."""
    if not comparison.steady_languages:
        return {}
    return dict(zip(comparison.steady_languages, std_ratios(*comparison.matrices), strict=True))


def languages(view: View, found: Mapping[str, Comparison], ratios: Mapping[str, Mapping[str, StdRatio]]) -> Table:
    """One row per language: each method's ratio, and Brown and Forsythe's p without and with Holm's correction."""
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
        f"Standard deviations divided by {base}'s over the runs that both have. In brackets: 95 % intervals.",
        f"p: Brown and Forsythe's test, from {MIN_RUNS} runs on. It ignores the pairing of runs, so its power is "
        "low. Holm: corrected for the number of languages.",
        f"Minimum detectable ratio in one language (80 % power, before Holm's correction), with {'; '.join(powers)}.",
    ]
    header = ["language", *(head for method in ratios for head in (method, f"{method}, p", f"{method}, p, Holm"))]
    return Table("spread-languages", "Ratios by language", header, rows, notes)


def figure(view: View, ratios: Mapping[str, Mapping[str, StdRatio]]) -> Figure:
    """A forest plot: one row per language, one colour per method."""
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
        axes.set(xscale="log", xlim=_limits(frame), xlabel="ratio of standard deviations", ylabel="")
        axes.xaxis.set_major_locator(LogLocator(base=2))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.minorticks_off()
        axes.grid(axis="y", visible=False)
    handles, labels = made.axes[0].get_legend_handles_labels()
    legend_below(made, handles, labels, 7.0)
    return made


def _limits(frame: pd.DataFrame) -> tuple[float, float]:
    """Ends of the axis: within ``LIMIT``, except for ratios beyond it."""
    ratios = frame["ratio"]
    return (
        max(min(1 / LIMIT, 0.8 * ratios.min()), 0.9 * frame["low"].min(skipna=True)),
        min(max(LIMIT, 1.2 * ratios.max()), 1.1 * frame["high"].max(skipna=True)),
    )


def _panel(
    axes: Axes, frame: pd.DataFrame, codes: Sequence[str], palette: Mapping[str, tuple[float, float, float]]
) -> None:
    """Some languages, one row each, with a mark and an interval per method."""
    places = {code: place for place, code in enumerate(codes)}
    for place, (method, colour) in enumerate(palette.items()):
        here = frame[(frame["method"] == method) & frame["language"].isin(codes)]
        y = here["language"].map(places) + 0.7 * ((place + 0.5) / len(palette) - 0.5)
        axes.hlines(y, here["low"], here["high"], color=colour, linewidth=1.4, alpha=0.8)
        sns.scatterplot(x=here["ratio"], y=y, color=colour, s=22, ax=axes, label=method, legend=False, zorder=3)
    axes.axvline(1, color="0.3", linewidth=0.8)
    axes.set(yticks=range(len(codes)), ylim=(len(codes) - 0.5, -0.5))
    axes.set_yticklabels(codes)
