"""Figures drawn from frames made by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from analysis.rendering.section import Picture
from analysis.rendering.style import drawing
from analysis.results.frame import Results
from analysis.results.view import View
from analysis.sections import distributions, heatmap, penalty, source_zero_shot
from tests.helpers.frames import CODES, NAMES, ROWS, frames, shown_texts, wide


def draw(results: Results) -> dict[str, Picture]:
    """The figures of a report on results without a store."""
    made = [module.section(View(results)) for module in (distributions, source_zero_shot, heatmap)]
    return {
        part.name: part
        for section in made
        if section is not None
        for part in section.parts
        if isinstance(part, Picture)
    }


def test_figures_name_their_content(results: Results) -> None:
    figures = draw(results)
    assert set(figures) == {"distributions", "source-zero-shot", "heatmap"}
    axes = figures["distributions"].figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["en", "de", "hi"]
    assert axes.get_xlabel() == "F1 × 100"
    points = figures["source-zero-shot"].figure.axes[0].collections[0].get_offsets()
    assert len(points) == 4 + 2 + 1  # an incomplete run has no zero-shot score
    heat = figures["heatmap"].figure.axes
    assert [axes.get_title("left").replace("\n", "") for axes in heat] == [
        "vanilla",
        "l2(strength=0.1)",
        "ewc(strength=1)",
    ]
    shown = {text.get_text() for text in heat[0].texts}
    assert {"90.5", "62.0", "54.0"} <= shown
    assert {"61.0*", "89.0*"} <= {text.get_text() for text in heat[1].texts}  # one of its two seeds failed
    assert [label.get_text() for label in heat[0].get_xticklabels()] == ["0.0001", "0.001"]
    assert figures["heatmap"].figure.get_supxlabel() == "learning rate"


def test_the_penalty_is_drawn_over_the_steps_on_a_logarithmic_axis(results: Results) -> None:
    windows = [
        {
            "trial": "5",
            "method": method,
            "setting": NAMES["low"],
            "seed": seed,
            "done": done,
            "penalty": (1 + seed) * done / 100,
        }
        for method in ("l2(strength=0.1)", "ewc(strength=1)")
        for seed in (0, 1)
        for done in (0.0, 50.0, 100.0)
    ]
    figure = penalty.figure(results, pd.DataFrame(windows))
    assert [axes.get_title("left") for axes in figure.axes] == ["l2(strength=0.1)", "ewc(strength=1)"]
    for axes in figure.axes:
        assert (axes.get_xlabel(), axes.get_yscale()) == ("steps done (%)", "log")
        # a logarithmic axis has no place for a penalty of zero
        assert [list(line.get_ydata()) for line in axes.get_lines()] == [[0.75, 1.5]]
    assert figure.axes[0].get_ylabel() == "penalty (nats)"
    assert not figure.legends  # a single setting needs no legend
    both = pd.DataFrame(windows + [window | {"setting": NAMES["high"]} for window in windows])
    (settings,) = penalty.figure(results, both).legends
    assert (settings.get_title().get_text(), [text.get_text() for text in settings.get_texts()]) == (
        "learning rate",
        ["0.0001", "0.001"],
    )


def test_with_many_settings_the_penalty_has_one_line_per_method() -> None:
    made, fewer = wide(3, 6, 12), wide(3, 9, 10)
    with drawing():
        figure, styled = penalty.figure(made, penalties(made)), penalty.figure(fewer, penalties(fewer))
    assert len(figure.axes) == 6
    for axes in figure.axes:
        (line,) = axes.get_lines()
        assert list(line.get_ydata()) == [6.5, 13.0]  # the median over settings
    assert not figure.legends
    readable("penalty", figure)
    assert [len(axes.get_lines()) for axes in styled.axes] == [10] * 9
    readable("penalty", styled)


def penalties(results: Results) -> pd.DataFrame:
    """A penalty for every run, which grows with the steps and the setting's number."""
    order = {setting: 1.0 + place for place, setting in enumerate(results.settings_met)}
    rows = [
        {
            "trial": "",
            "method": run.method,
            "setting": run.setting,
            "seed": run.seed,
            "done": done,
            "penalty": order[str(run.setting)] * done / 50,
        }
        for run in results.runs.itertuples()
        for done in (50.0, 100.0)
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    "size",
    [
        (47, 6, 8),
        (47, 4, 5),
        (33, 2, 4),
        (11, 3, 4),
        (11, 6, 8),
        (1, 2, 1),
        (40, 4, 50),
        (47, 12, 14),
        (2, 2, 60),
        (3, 1, 10),
    ],
)
def test_figures_stay_readable(size: tuple[int, int, int]) -> None:
    for name, picture in draw(wide(*size)).items():
        readable(name, picture.figure, whole=size != (1, 2, 1))


def readable(name: str, figure: Figure, *, whole: bool = True) -> None:
    """Check that a figure of any study fits a page, in letters of full size, without overlapping text. With ``whole``
    no text is cut off. A title may be wider than the figure, because saving a figure makes room for the title.
    """
    width, height = figure.get_size_inches()
    assert width <= 10.3, name  # the report's page is 62rem wide
    assert height <= 9.0, name
    figure.draw_without_rendering()
    texts = shown_texts(figure)
    assert min(text.get_fontsize() for text in texts) >= 7.5, name
    boxes = np.array([text.get_window_extent().extents for text in texts])
    low, high = boxes[:, None, :2], boxes[None, :, 2:]
    apart = (low >= high - 1).any(-1)  # one pixel, at 100 per inch, is tolerated
    over = np.argwhere(~(apart | apart.T) & ~np.eye(len(texts), dtype=bool))
    assert not [(texts[i].get_text(), texts[j].get_text()) for i, j in over], name
    if whole:
        assert boxes[:, :2].min() >= -1, name
        assert (boxes[:, 2:] <= np.array([width, height]) * figure.dpi + 1).all(), name


def test_every_language_has_its_row_in_the_figures() -> None:
    figures = draw(wide(47, 4, 5))
    panels = figures["distributions"].figure.axes
    assert [label.get_text() for axes in panels for label in axes.get_yticklabels()] == ["en", *CODES]
    assert len(panels) == 3
    assert len({axes.get_xlim() for axes in panels}) == 1
    assert [label.get_text() for label in figures["heatmap"].figure.axes[0].get_yticklabels()] == ["en", *CODES]


def test_many_runs_are_summarised() -> None:
    """Many runs and settings become bars of quantiles, points of one shape, and colours without numbers."""
    results = wide(3, 2, 60)
    rng = np.random.default_rng(0)
    scores = results.scores.assign(score=rng.normal(50, 10, len(results.scores)))
    figures = draw(replace(results, scores=scores))
    assert "25th to 75th percentile" in figures["distributions"].caption
    arabic = scores[(scores["metric"] == "f1") & (scores["language"] == "ar") & (scores["method"] == "l2(strength=0)")][
        "score"
    ]
    axes = figures["distributions"].figure.axes[0]
    thin, thick = (axes.collections[i].get_segments()[2] for i in (0, 1))  # type: ignore[attr-defined]
    assert thin[:, 0] == pytest.approx(np.quantile(arabic, [0.05, 0.95]))
    assert thick[:, 0] == pytest.approx(np.quantile(arabic, [0.25, 0.75]))
    drawn = {round(float(x), 6) for line in axes.get_lines() for x in np.ravel(line.get_xdata())}
    assert {round(float(x), 6) for x in (arabic.min(), arabic.mean(), arabic.max())} <= drawn

    scatter = figures["source-zero-shot"].figure
    assert [legend.get_title().get_text() for legend in scatter.legends] == ["method"]
    heat = figures["heatmap"].figure
    assert not heat.axes[0].texts
    assert heat.axes[-1].get_ylabel() == "F1 × 100"  # the colour bar
    labels = [label.get_text() for label in heat.axes[0].get_xticklabels()]
    assert labels[:2] == ["1e-05, 0", "2e-05, 500"]  # every third label, so that the letters fit


def test_a_metric_without_a_name_is_named_by_its_key() -> None:
    figure = draw(frames(ROWS, metric="mcc"))["distributions"].figure
    assert figure.axes[0].get_xlabel() == "mcc × 100"
