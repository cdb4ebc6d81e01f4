"""Figures of the Fréchet distances: between all languages, and scores against the distance from the source."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from analysis.fisher.tables import Corpus, Scores
from analysis.rendering import label_placement
from analysis.rendering.style import HEIGHT, STYLE, WIDTH

NUMBERED = 0.36
"""Smallest cell, in inches, with room for its number."""
HEAT_MAP_CAPTION = (
    "The colour bar maps colours to distances; the blank diagonal is 0. Languages are ordered by average-linkage "
    "clustering, so neighbours are close. Bold: the source."
)


def draw(corpora: list[Corpus], scores: Scores) -> dict[str, tuple[str, Figure]]:
    """All figures by file name, with their captions.

    The names are ``distances-<corpus>``, and ``scores-<corpus>`` if languages have scores.
    """
    found: dict[str, tuple[str, Figure]] = {}
    with sns.axes_style("ticks"), mpl.rc_context(STYLE):
        for corpus in corpora:
            if corpus.scored(scores):
                caption = "Each point is a target language."
                spread = any(score.runs > 1 for score in scores.by_language.values())
                bars = (
                    " Its bar is the standard deviation of the score over runs, not the error of its mean."
                    if spread
                    else ""
                )
                found[f"scores-{corpus.file}"] = (caption + bars, distance_and_score(corpus, scores))
        for corpus in corpora:
            found[f"distances-{corpus.file}"] = (HEAT_MAP_CAPTION, heat_map(corpus))
    return found


def heat_map(corpus: Corpus) -> Figure:
    """Heat map of d between every two languages, ordered by hierarchical clustering; with numbers if the cells have
    room."""
    order = clustered(corpus.matrix)
    shown = corpus.matrix.loc[order, order]
    count = len(order)
    cell = min(0.5, (WIDTH - 2.0) / count, (HEIGHT - 1.2) / count)
    figure = Figure(figsize=(max(4.5, cell * count + 2.0), max(1.6, cell * count + 1.1)), layout="compressed")
    axes = figure.subplots()
    sns.heatmap(
        shown,
        mask=np.eye(count, dtype=bool),
        ax=axes,
        cmap="viridis",
        square=True,
        linewidths=0.5 if cell >= NUMBERED else 0,
        annot=cell >= NUMBERED,
        fmt=".2f",
        annot_kws={"size": 8},
        xticklabels=True,
        yticklabels=True,
        cbar=count > 1,
        cbar_kws={"label": "d", "shrink": 0.8, "aspect": 30},
    )
    figure.suptitle(f"Fréchet distances, {corpus.label} (source: {corpus.source})")
    axes.set(xlabel="", ylabel="")
    axes.grid(visible=False)
    axes.tick_params(axis="x", rotation=0 if cell > 0.06 + 0.07 * max(map(len, order)) else 90, labelsize=8, length=0)
    axes.tick_params(axis="y", rotation=0, labelsize=8, length=0)
    for axis in (axes.xaxis, axes.yaxis):
        axis.get_ticklabels()[order.index(corpus.source)].set_fontweight("bold")
    return figure


def clustered(matrix: pd.DataFrame) -> list[str]:
    """The languages in the leaf order of an average-linkage tree, with neighbours as close as the tree allows."""
    if len(matrix) < 3:
        return list(matrix.index)
    tree = linkage(squareform(matrix.to_numpy(), checks=False), "average", optimal_ordering=True)
    return [matrix.index[i] for i in leaves_list(tree)]


def distance_and_score(corpus: Corpus, scores: Scores) -> Figure:
    """Scatter plot of each language's mean score against its distance from the source, with its std over runs as a
    bar."""
    languages = corpus.scored(scores)
    x = corpus.from_source[languages].to_numpy(float)
    found = [scores.by_language[language] for language in languages]
    y = np.array([score.mean for score in found])
    spread = np.nan_to_num(np.array([score.std for score in found]))
    figure = Figure(figsize=(8.5, 5.0))
    axes = figure.subplots()
    color = sns.color_palette("colorblind")[0]
    if spread.any():
        axes.errorbar(x, y, spread, fmt="none", ecolor=color, alpha=0.35, elinewidth=1)
    axes.scatter(x, y, s=22, color=color, zorder=3)
    axes.margins(0.08)
    axes.set(
        title=f"{corpus.label}: distance from {corpus.source} and {scores.method}'s scores",
        xlabel=f"d from {corpus.source}, {corpus.label}",
        ylabel=f"test {scores.metric}, mean over runs",
    )
    along = np.linspace(-1, 1, 21)
    bars = np.stack([np.repeat(x, len(along)), (y[:, None] + spread[:, None] * along).ravel()], axis=1)
    label_placement.place(axes, np.stack([x, y], axis=1), languages, bars if spread.any() else None)
    return figure
