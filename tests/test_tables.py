"""The tables against frames made by hand, and the figures drawn from them."""

import math
import statistics
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Text

from analysis.about import About
from analysis.frame import FAILED, FINISHED, MISSING, Results
from analysis.section import Picture
from analysis.sections import cost, distributions, heatmap, languages, penalty, source_zero_shot, summary, troubles
from analysis.style import drawing
from analysis.table import Change, Score, Table
from analysis.view import View
from harness.methods import L2, Ewc, Vanilla
from harness.study import Setting, Study

LOW, HIGH = Setting(learning_rate=1e-4, max_steps=1), Setting(learning_rate=1e-3, max_steps=1)
STUDY = Study(
    name="made",
    task="udpos",
    methods=(Vanilla(), L2(strength=0.1), Ewc(strength=1.0)),
    settings=(LOW, HIGH),
    seeds=(0, 1),
    targets=("de", "hi"),
)
NAMES = {"low": "learning_rate=0.0001", "high": "learning_rate=0.001"}

# method, setting, seed, targets scored, {language: score} or a status, collapsed
ROWS = [
    ("vanilla", "low", 0, ("de", "hi"), {"en": 90.0, "de": 60.0, "hi": 40.0}, False),
    ("vanilla", "low", 1, ("de", "hi"), {"en": 91.0, "de": 64.0, "hi": 48.0}, False),
    ("vanilla", "high", 0, ("de", "hi"), {"en": 20.0, "de": 10.0, "hi": 12.0}, True),
    ("vanilla", "high", 1, ("de", "hi"), {"en": 88.0, "de": 50.0, "hi": 30.0}, False),
    ("l2(strength=0.1)", "low", 0, ("de", "hi"), {"en": 89.0, "de": 61.0, "hi": 45.0}, False),
    ("l2(strength=0.1)", "low", 1, ("de", "hi"), FAILED, False),
    ("l2(strength=0.1)", "high", 0, ("de", "hi"), {"en": 90.0, "de": 63.0, "hi": 47.0}, False),
    ("l2(strength=0.1)", "high", 1, ("de", "hi"), MISSING, False),
    ("ewc(strength=1)", "low", 0, ("de",), {"en": 85.0, "de": 70.0}, False),
    ("ewc(strength=1)", "low", 0, ("hi",), {"en": 87.0, "hi": 50.0}, False),
    ("ewc(strength=1)", "low", 1, ("de",), {"en": 86.0, "de": 71.0}, False),
    ("ewc(strength=1)", "low", 1, ("hi",), FAILED, False),
]


def frames(rows: list[Any], study: Study = STUDY, *, metric: str = "f1", unknown: dict[str, float] | None = None) -> Results:
    trials, scores = [], []
    for i, (method, setting, seed, targets, outcome, collapsed) in enumerate(rows):
        keys = {"trial": str(i), "method": method, "setting": NAMES.get(setting, setting), "seed": seed, "replicate": 0}
        status = FINISHED if isinstance(outcome, dict) else outcome
        error = "ValueError: 5 % & more" if status == FAILED else ""
        trials.append(
            {**keys, "targets": targets, "test_data": {}, "status": status, "collapsed": collapsed, "diverged": False, "error": error}
            | {"seconds": 2.0, "tokens_per_second": 100.0, "peak_memory_mib": 500.0}
            | {"parameters": 1000, "trained_parameters": 1000 if method == "vanilla" else 50, "extra_memory_mib": math.nan}
        )
        for language, score in outcome.items() if isinstance(outcome, dict) else ():
            where = {**keys, "split": "test", "language": language, "examples": 9, "unknown": (unknown or {}).get(language, math.nan)}
            scores += [{**where, "metric": name, "score": value} for name, value in ((metric, score), ("accuracy", score + 1))]
    made = pd.DataFrame(trials)
    settings = [dict(part.split("=") for part in label.split(" ")) for label in dict.fromkeys(made["setting"])]
    return Results(About.of(study), made, pd.DataFrame(scores), pd.DataFrame(settings, index=list(dict.fromkeys(made["setting"]))), metric)


def draw(results: Results) -> dict[str, Picture]:
    """The figures that a report has of results without a store."""
    made = [module.section(View(results)) for module in (distributions, source_zero_shot, heatmap)]
    return {part.name: part for section in made if section is not None for part in section.parts if isinstance(part, Picture)}


@pytest.fixture
def results() -> Results:
    return frames(ROWS)


def row(table: Table, first: str) -> dict[str, str | Score]:
    return next(dict(zip(table.header, cells, strict=True)) for cells in table.rows if cells[0] == first)


def test_the_std_of_zero_shot_is_that_over_runs_of_the_mean_over_languages(results: Results) -> None:
    for ddof, std in ((1, statistics.stdev), (0, statistics.pstdev)):
        cell = row(summary.table(View(results, ddof)), "vanilla")["zero-shot"]
        means = [50.0, 56.0, 11.0, 40.0]
        assert cell == Score(pytest.approx(statistics.mean(means)), pytest.approx(std(means)), 4, 4)
        assert any(f"ddof={ddof}" in note for note in summary.table(View(results, ddof)).notes)


def test_methods_are_compared_on_the_runs_both_have(results: Results) -> None:
    table = summary.table(View(results, 1))
    l2 = row(table, "l2(strength=0.1)")
    # Both have low/0 and high/0 alone: vanilla's zero-shot 50 and 11, l2's 53 and 55.
    change = 100 * (statistics.stdev([53, 55]) / statistics.stdev([50, 11]) - 1)
    assert l2["std of zero-shot against vanilla"] == Change(pytest.approx(change), 2)
    assert l2["runs"] == "2/4"
    assert any("l2(strength=0.1) is compared with vanilla on the 2 runs" in note for note in table.notes)


def test_nothing_is_dropped_silently(results: Results) -> None:
    table = summary.table(View(results, 1))
    assert row(table, "l2(strength=0.1)")["zero-shot"].plain().endswith("(2/4)")  # type: ignore[union-attr]
    ewc = row(table, "ewc(strength=1)")
    # The run whose Hindi trial failed has no zero-shot mean.
    assert (ewc["runs"], ewc["zero-shot"]) == ("1/2", Score(60.0, pytest.approx(float("nan"), nan_ok=True), 1, 2))
    assert "3 of 10 runs are failed or missing; (n/m) marks a mean over n of m runs." in table.notes
    assert "Collapsed runs are included: 1 of vanilla." in table.notes
    listed = [cells[4:6] for cells in troubles.table(View(results)).rows]
    assert listed == [["2", "collapsed"], ["2", "failed"], ["2", "missing"], ["hi", "failed"]]


def test_collapsed_runs_can_be_left_out(results: Results) -> None:
    steady = results.without_collapsed()
    assert row(summary.table(View(steady, 1)), "vanilla")["zero-shot"] == Score(
        pytest.approx(statistics.mean([50, 56, 40])), pytest.approx(statistics.stdev([50, 56, 40])), 3, 3
    )


def test_languages_per_method(results: Results) -> None:
    table = languages.table(View(results, 1))
    german, hindi, english = row(table, "de"), row(table, "hi"), row(table, "en (source)")
    assert german["vanilla"] == Score(pytest.approx(46.0), pytest.approx(statistics.stdev([60, 64, 10, 50])), 4, 4)
    assert german["l2(strength=0.1)"] == Score(62.0, pytest.approx(statistics.stdev([61, 63])), 2, 4)
    assert hindi["ewc(strength=1)"].plain() == "50.00 (1/2)"  # type: ignore[union-attr]
    assert english["ewc(strength=1)"].plain() == "86.00 (1/2)"  # type: ignore[union-attr]
    assert [cells[0] for cells in table.rows] == ["en (source)", "de", "hi", "zero-shot", "mean of the languages' stds"]


def test_the_best_is_marked_among_equals(results: Results) -> None:
    two = only(results, lambda trials: trials["method"].isin(["vanilla", "l2(strength=0.1)"]) & (trials["seed"] == 0))
    table = languages.table(View(two, 1))
    assert row(table, "de")["l2(strength=0.1)"] == Score(62.0, pytest.approx(statistics.stdev([61, 63])), 2, 2, best=True)
    assert row(table, "en (source)")["vanilla"].best is False  # type: ignore[union-attr]
    assert r"$\mathbf{62.00} \pm 1.41$" in table.latex()


def only(results: Results, keep: Callable[[pd.DataFrame], "pd.Series[bool]"]) -> Results:
    trials = results.trials[keep(results.trials)]
    return replace(results, trials=trials, scores=results.scores[results.scores["trial"].isin(trials["trial"])])


def test_a_language_is_compared_only_where_both_scored_it(results: Results) -> None:
    """EWC for German at one setting and for Hindi at another, scoring just as vanilla does there: no change."""
    trials = [
        ("vanilla", "low", ("de", "hi"), {"en": 9.0, "de": 60.0, "hi": 40.0}),
        ("vanilla", "high", ("de", "hi"), {"en": 9.0, "de": 62.0, "hi": 46.0}),
        ("ewc(strength=1)", "low", ("de",), {"en": 9.0, "de": 60.0}),
        ("ewc(strength=1)", "high", ("hi",), {"en": 9.0, "hi": 46.0}),
    ]
    made = frames([(method, setting, 0, targets, scores, False) for method, setting, targets, scores in trials])
    cell = row(summary.table(View(made, 1)), "ewc(strength=1)")["std of zero-shot against vanilla"]
    assert cell == Change(pytest.approx(0.0), 2)


def test_the_baseline_may_be_what_has_fewer_languages(results: Results) -> None:
    fewer = only(results, lambda trials: trials["method"].ne("vanilla") & trials["targets"].map(lambda t: t != ("hi",)))
    table = summary.table(View(fewer, 1))
    assert any("is compared with" in note and "1 target languages (de)" in note for note in table.notes)


def test_table_files_are_well_formed(results: Results, tmp_path) -> None:  # type: ignore[no-untyped-def]
    for table in (
        summary.table(View(results, 1)),
        languages.table(View(results, 1)),
        troubles.table(View(results)),
        cost.table(View(results)),
    ):
        table.write(tmp_path)
        assert len(pd.read_csv(tmp_path / f"{table.name}.csv")) == len(table.rows)
        latex = (tmp_path / f"{table.name}.tex").read_text()
        body = latex[latex.index(r"\toprule") : latex.index(r"\bottomrule")]
        lines = [line for line in body.splitlines() if "&" in line.replace(r"\&", "")]
        assert {line.replace(r"\&", "").count("&") for line in lines} == {len(table.header) - 1}
        markdown = (tmp_path / f"{table.name}.md").read_text().splitlines()
        assert sum(line.startswith("|") for line in markdown) == len(table.rows) + 2
    written = (tmp_path / "languages.tex").read_text()
    assert r"$62.00 \pm 1.41$ (2/4)" in written
    assert r"\mathbf" not in written  # no two methods have equally many finished runs
    assert r"5 \% \& more" in (tmp_path / "troubles.tex").read_text()
    numbers = pd.read_csv(tmp_path / "languages.csv").set_index("language")
    assert numbers.loc["de", "vanilla std"] == pytest.approx(statistics.stdev([60, 64, 10, 50]))


def test_figures_name_what_they_show(results: Results) -> None:
    figures = draw(results)
    assert set(figures) == {"distributions", "source-zero-shot", "heatmap"}
    axes = figures["distributions"].figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["en", "de", "hi"]
    assert axes.get_xlabel() == "F1 × 100"
    points = figures["source-zero-shot"].figure.axes[0].collections[0].get_offsets()
    assert len(points) == 4 + 2 + 1  # a run that is not complete has no zero-shot score
    heat = figures["heatmap"].figure.axes
    assert [axes.get_title("left").replace("\n", "") for axes in heat] == ["vanilla", "l2(strength=0.1)", "ewc(strength=1)"]
    shown = {text.get_text() for text in heat[0].texts}
    assert {"90.5", "62.0", "54.0"} <= shown
    assert {"61.0*", "89.0*"} <= {text.get_text() for text in heat[1].texts}  # one of its two seeds failed
    assert [label.get_text() for label in heat[0].get_xticklabels()] == ["0.0001", "0.001"]
    assert figures["heatmap"].figure.get_supxlabel() == "learning rate"


def test_the_penalty_is_drawn_over_the_steps_on_a_logarithmic_axis(results: Results) -> None:
    windows = [
        {"trial": "5", "method": method, "setting": NAMES["low"], "seed": seed, "done": done, "penalty": (1 + seed) * done / 100}
        for method in ("l2(strength=0.1)", "ewc(strength=1)")
        for seed in (0, 1)
        for done in (0.0, 50.0, 100.0)
    ]
    figure = penalty.figure(results, pd.DataFrame(windows))
    assert [axes.get_title("left") for axes in figure.axes] == ["l2(strength=0.1)", "ewc(strength=1)"]
    for axes in figure.axes:
        assert (axes.get_xlabel(), axes.get_yscale()) == ("steps done (%)", "log")
        assert [list(line.get_ydata()) for line in axes.get_lines()] == [[0.75, 1.5]]  # a penalty of zero has no place on the axis
    assert figure.axes[0].get_ylabel() == "penalty (nats)"
    assert not figure.legends  # there is one setting
    both = pd.DataFrame(windows + [window | {"setting": NAMES["high"]} for window in windows])
    (settings,) = penalty.figure(results, both).legends
    assert (settings.get_title().get_text(), [text.get_text() for text in settings.get_texts()]) == ("learning rate", ["0.0001", "0.001"])


def test_the_penalty_of_many_settings_is_one_line_a_method() -> None:
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
    """A penalty of every run that grows with the steps and with the number of the setting."""
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


def test_the_cost_says_what_is_trained(results: Results) -> None:
    rows = {str(row[0]): [str(cell) for cell in row] for row in cost.table(View(results)).rows}
    assert rows["vanilla"][-2:] == ["–", "1,000 (all)"]
    assert rows["l2(strength=0.1)"][-2:] == ["–", "50 (5 %)"]


CODES = tuple(
    "af ar az bg bn de el es et eu fa fi fr gu he hi hu id it ja jv ka kk ko lt ml mr ms my nl pa pl pt qu ro ru sw ta te th tl tr uk "
    "ur vi yo zh".split()
)


def wide(targets: int, methods: int, settings: int, **options: Any) -> Results:
    """Two seeds of every method at every setting; the last method has a trial a language, and one of them failed."""
    codes = CODES[:targets]
    named = (*(L2(strength=float(i)) for i in range(methods - 1)), Ewc(strength=10.0))
    study = replace(STUDY, task="my_own.py", methods=named, targets=codes)
    scores = {"en": 92.0} | {code: 20.0 + i for i, code in enumerate(codes)}
    rows: list[Any] = []
    for method in range(methods):
        for setting in (f"learning_rate={1 + i // 2}e-05 warmup_steps={500 * (i % 2)}" for i in range(settings)):
            for seed in (0, 1):
                if method < methods - 1:
                    rows.append((f"l2(strength={method})", setting, seed, codes, scores, False))
                else:
                    rows += [("ewc(strength=10)", setting, seed, (code,), {c: scores[c] for c in ("en", code)}, False) for code in codes]
    rows[-1] = (*rows[-1][:4], FAILED, False)
    return frames(rows, study, **options)


def shown_texts(figure: Figure) -> list[Text]:
    """Every text that is drawn in a figure, but for tick labels beyond an axis' end."""
    texts = [*figure.texts, *(text for legend in figure.findobj(Legend) for text in (legend.get_title(), *legend.get_texts()))]
    for axes in figure.axes:
        texts += [axes.title, axes._left_title, axes.xaxis.label, axes.yaxis.label, *axes.texts]  # type: ignore[attr-defined]
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            texts += [tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
    return [text for text in texts if text.get_text() and text.get_visible()]


@pytest.mark.parametrize(
    "size", [(47, 6, 8), (47, 4, 5), (33, 2, 4), (11, 3, 4), (11, 6, 8), (1, 2, 1), (40, 4, 50), (47, 12, 14), (2, 2, 60), (3, 1, 10)]
)
def test_figures_stay_readable(size: tuple[int, int, int]) -> None:
    for name, picture in draw(wide(*size)).items():
        readable(name, picture.figure, whole=size != (1, 2, 1))


def readable(name: str, figure: Figure, *, whole: bool = True) -> None:
    """However wide the study, it fits a page, in letters that the report need not shrink, none over another or cut off (``whole``; a
    title that is wider than all else is not, but saving a figure makes room for it)."""
    width, height = figure.get_size_inches()
    assert width <= 10.3, name  # the report's page is 62rem wide
    assert height <= 9.0, name
    FigureCanvasAgg(figure).draw()
    texts = shown_texts(figure)
    assert min(text.get_fontsize() for text in texts) >= 7.5, name
    boxes = np.array([text.get_window_extent().extents for text in texts])
    low, high = boxes[:, None, :2], boxes[None, :, 2:]
    apart = (low >= high - 1).any(-1)  # a pixel of 100 an inch is let pass
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


def test_many_runs_are_summed_up() -> None:
    """More than a reader can tell apart are bars of quantiles, points of one shape, and colours without numbers."""
    results = wide(3, 2, 60)
    rng = np.random.default_rng(0)
    scores = results.scores.assign(score=rng.normal(50, 10, len(results.scores)))
    figures = draw(replace(results, scores=scores))
    assert "25th to 75th percentile" in figures["distributions"].caption
    arabic = scores[(scores["metric"] == "f1") & (scores["language"] == "ar") & (scores["method"] == "l2(strength=0)")]["score"]
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
    assert labels[:2] == ["1e-05, 0", "2e-05, 500"]  # every third, with room for their letters


def test_a_metric_without_a_name_of_its_own_is_called_by_its_key() -> None:
    figure = draw(frames(ROWS, metric="mcc"))["distributions"].figure
    assert figure.axes[0].get_xlabel() == "mcc × 100"


def test_many_languages_are_counted_not_listed() -> None:
    results = wide(47, 3, 2)
    fewer = only(results, lambda trials: trials["targets"].map(lambda targets: targets not in (("af",), ("ar",))))
    for made, words in ((results, "all 47 target languages that"), (fewer, "45 target languages (all but af, ar) that")):
        notes = summary.table(View(made, 1)).notes
        assert any("ewc(strength=10) is compared with l2(strength=0)" in note and words in note for note in notes)
        assert max(map(len, notes)) < 250


def test_languages_that_the_vocabulary_lacks_are_named() -> None:
    def note(**unknown: float) -> list[str]:
        return [note for note in languages.table(View(wide(47, 2, 1, unknown=unknown))).notes if "vocabulary" in note]

    assert note() == note(ko=0.9) == note(en=50.0) == []
    (short,) = note(th=12.3, ko=38.4, de=0.0)
    assert "lacks: ko 38 %, th 12 %." in short
    (long,) = note(**dict.fromkeys(CODES, 40.0))
    assert "and 35 more languages over 1 %." in long
    assert len(long) < 300


def test_a_long_latex_table_goes_on_over_pages_and_a_wide_one_lies_on_its_side() -> None:
    narrow, long, wider = (languages.table(View(made, 1)).latex() for made in (wide(11, 2, 2), wide(47, 2, 2), wide(47, 9, 2)))
    assert r"\begin{table}" in narrow
    assert "longtable}{" not in narrow
    assert r"\begin{longtable}{lll}" in long
    assert long.count(" language ") == 2  # the header, again on every page
    assert "landscape}\n" not in long
    assert r"\begin{landscape}" in wider
    assert r"\scriptsize" in wider
