"""Every run's score in every language."""

import math

import seaborn as sns
from matplotlib.figure import Figure

from analysis.frame import Results
from analysis.section import Picture, Section
from analysis.style import WIDTH, abreast, colours, drawing, metric_name, take_legend
from analysis.view import View


def section(view: View) -> Section | None:
    """The distributions, where any trial has finished."""
    if not len(view.results.test):
        return None
    with drawing():
        drawn = figure(view.results)
    caption = "Each mark is one run; the dark bar is the mean of the method's runs in that language."
    alt = f"Strip plot of the {metric_name(view.results)} of every run in every language, a colour a method."
    return Section("distributions", "Scores of every run", [Picture("distributions", drawn, caption, alt)])


def figure(results: Results) -> Figure:
    """Every run's score in every language, one colour a method; the bar marks the mean. Many languages go on in a next column."""
    scores = results.test
    found = set(scores["language"])
    languages = [language for language in (results.source, *results.about.targets) if language in found]
    columns = math.ceil(len(languages) / 18)
    rows = math.ceil(len(languages) / columns)
    made = Figure(figsize=(8.5 if columns == 1 else WIDTH, 1.2 + 0.42 * rows))
    made.suptitle("Test scores of every run")
    share = 22 / len(results.methods)  # points down that a method has of a language's row
    for axes, start in zip(made.subplots(1, columns, sharex=True, squeeze=False)[0], range(0, len(languages), rows), strict=True):
        shown = languages[start : start + rows]
        common = {"data": scores[scores["language"].isin(shown)], "y": "language", "x": "score", "order": shown, "ax": axes}
        common |= {"hue": "method", "hue_order": results.methods}
        sns.stripplot(
            **common, dodge=True, jitter=False, alpha=0.65, size=min(5, share), linewidth=0.3, edgecolor="white", palette=colours(results)
        )
        sns.pointplot(
            **common, dodge=0.8 - 0.8 / len(results.methods), linestyle="none", errorbar=None, marker="|", markersize=min(10, share),
            markeredgewidth=1.5, zorder=4, palette=["0.1"] * len(results.methods), legend=False,
        )  # fmt: skip
        axes.set(xlabel=metric_name(results), ylabel="", ylim=(rows - 0.5, -0.5))
        for edge in range(1, len(shown)):
            axes.axhline(edge - 0.5, color="#e6e6e6", linewidth=0.8)
        axes.grid(axis="y", visible=False)
        handles, labels = take_legend(axes)
    made.legend(handles, labels, loc="outside lower center", ncols=abreast(labels, 8.0), frameon=False)
    return made
