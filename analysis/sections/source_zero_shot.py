"""Source against zero-shot score: equal scores on the source need not mean equal scores on the targets."""

import seaborn as sns
from matplotlib.figure import Figure

from analysis.frame import Results
from analysis.section import Picture, Section
from analysis.style import WIDTH, abreast, colours, drawing, metric_name, setting_names, take_legend
from analysis.view import View

NEAR_THE_BEST = 10
"""Points of the source score that the enlarged panel shows."""


def section(view: View) -> Section | None:
    """Where any run is complete."""
    if not view.results.runs["complete"].any():
        return None
    with drawing():
        drawn = figure(view.results)
    caption = "Each point is one run. Points above one another have the same source score and different zero-shot scores."
    alt = f"Scatter plot of the zero-shot score against the {view.results.source} score, a point a run, a colour a method."
    return Section("source-zero-shot", "Source against zero-shot score", [Picture("source-zero-shot", drawn, caption, alt)])


def figure(results: Results) -> Figure:
    """One point a run: equal source scores need not mean equal zero-shot scores. The right panel enlarges the runs near the best."""
    names = {method: with_languages(results, method) for method in results.methods}
    runs = results.runs.dropna(subset=["source", "zero_shot"]).assign(method=lambda frame: frame["method"].map(names))
    near = runs[runs["source"] >= runs["source"].max() - NEAR_THE_BEST]
    panels = {"All runs": runs} | ({f"Within {NEAR_THE_BEST} points of the best source score": near} if len(near) < len(runs) else {})
    made = Figure(figsize=(WIDTH if len(panels) > 1 else 7, 5.4))
    for axes, (title, shown) in zip(made.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True):
        sns.scatterplot(
            data=shown, x="source", y="zero_shot", hue="method", hue_order=list(names.values()), style="setting",
            style_order=results.settings_met, s=60, alpha=0.8, palette=colours(results), ax=axes,
        )  # fmt: skip
        metric = metric_name(results)
        axes.set(title=title, xlabel=f"{results.source} test, {metric}", ylabel=f"mean of targets, {metric}")
        handles, _ = take_legend(axes)
    of_methods, of_settings = handles[1 : len(names) + 1], handles[len(names) + 2 :]  # each after its heading
    fields, values = setting_names(results)
    common = {"frameon": False, "alignment": "left"}
    room = made.get_figwidth() / 2 - 0.3
    made.legend(of_methods, names.values(), title="method", loc="outside lower left", ncols=abreast(names.values(), room), **common)
    made.legend(of_settings, values.values(), title=fields, loc="outside lower right", ncols=abreast(values.values(), room), **common)
    return made


def with_languages(results: Results, method: str) -> str:
    """A method's label, with the number of languages that its zero-shot scores are over where those are not all."""
    scored, asked = len(results.languages(method)), len(results.about.targets)
    return method if scored == asked else f"{method}\n{scored} of {asked} languages"
