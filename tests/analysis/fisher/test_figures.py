"""Tables and figures of the distances between many languages."""

import itertools
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from analysis.fisher.figures import clustered, draw
from analysis.fisher.tables import Corpus, Scores, correlations, matrix
from analysis.rendering.cells import Score
from tests.helpers.frames import CODES, shown_texts


def wide(count: int, spread: str) -> tuple[Corpus, Scores]:
    """A corpus and scores of that many target languages: spread out, in a heap, or all in one place but one."""
    random = np.random.default_rng(count)
    codes = CODES[:count]
    places = random.random((count + 1, 3)) * {"apart": 1.0, "heap": 0.03, "one place": 0.0}[spread]
    places[1] += 0.5
    gaps = np.linalg.norm(places[:, None] - places[None], axis=-1) / 3
    means = 70 - 60 * gaps[0, 1:] + random.normal(0, 0 if spread == "one place" else 2, count)
    scores = {
        code: Score(float(mean), 0 if spread == "heap" else 3.0, 4, 4) for code, mean in zip(codes, means, strict=True)
    }
    return Corpus("wiki", "wiki", "en", pd.DataFrame(gaps, ["en", *codes], ["en", *codes])), Scores(
        scores, "vanilla", "F1 × 100"
    )


def drawn(figure: Figure) -> tuple[list[str], np.ndarray]:
    """The texts of a figure as drawn and their boxes, in pixels."""
    width, height = figure.get_size_inches()
    assert width <= 10.3
    assert height <= 9.0
    figure.draw_without_rendering()
    texts = shown_texts(figure)
    assert min(text.get_fontsize() for text in texts) >= 7.5
    boxes = np.array([Text.get_window_extent(text).extents for text in texts])  # an annotation's own has its line too
    assert boxes[:, :2].min() >= -1
    assert (boxes[:, 2:] <= np.array([width, height]) * figure.dpi + 1).all()
    return [text.get_text() for text in texts], boxes


def overlaps(names: Sequence[str], boxes: np.ndarray) -> list[tuple[str, str]]:
    low, high = boxes[:, None, :2], boxes[None, :, 2:]
    apart = (low >= high - 1).any(-1)
    return [(names[i], names[j]) for i, j in np.argwhere(~(apart | apart.T) & ~np.eye(len(boxes), dtype=bool))]


@pytest.mark.parametrize(
    ("count", "spread"),
    [*itertools.product((12, 40), ("apart", "heap", "one place")), (1, "apart"), (2, "one place"), (47, "apart")],
)
def test_figures_stay_readable(count: int, spread: str) -> None:
    corpus, scores = wide(count, spread)
    figures = {name: figure for name, (_, figure) in draw([corpus], scores).items()}
    assert list(figures) == ["scores-wiki", "distances-wiki"]
    for figure in figures.values():
        assert not overlaps(*drawn(figure))

    scatter = figures["scores-wiki"]
    (axes,) = scatter.axes
    labels = {text.get_text(): text for text in axes.texts}
    assert set(labels) == set(CODES[:count])
    frame = axes.get_window_extent().extents
    names, boxes = drawn(scatter)
    of_labels = np.array([boxes[names.index(code)] for code in labels])
    assert (of_labels[:, :2] >= frame[:2]).all()
    assert (of_labels[:, 2:] <= frame[2:]).all()
    at = [(corpus.from_source[code], scores.means[code]) for code in labels]
    assert [text.xy for text in labels.values()] == [pytest.approx(place) for place in at]  # type: ignore[attr-defined]
    points = axes.transData.transform(at)
    if spread == "apart":  # where there is room, no label covers a point and each is near its own
        inside = ((points[None] > of_labels[:, None, :2]) & (points[None] < of_labels[:, None, 2:])).all(-1)
        assert not inside.any()
        centres = (of_labels[:, :2] + of_labels[:, 2:]) / 2
        assert np.linalg.norm(centres - points, axis=1).max() < 0.6 * scatter.dpi


def test_a_heat_map_has_numbers_while_they_are_readable() -> None:
    for count, numbered in ((12, True), (47, False)):
        corpus, scores = wide(count, "apart")
        heat = draw([corpus], scores)["distances-wiki"][1]
        axes = heat.axes[0]
        assert heat.get_suptitle() == "Fréchet distances, wiki (source: en)"
        assert len(axes.texts) == (count * (count + 1) if numbered else 0)
        assert [label.get_text() for label in axes.get_yticklabels()] == clustered(corpus.matrix)
        assert [label.get_text() for label in axes.get_xticklabels() if label.get_fontweight() == "bold"] == ["en"]


def test_near_languages_stand_together() -> None:
    groups = {"en": 0.0, "hi": 5.0, "de": 0.1, "ur": 5.1, "nl": 0.2, "mr": 5.2}
    places = np.array(list(groups.values()))
    order = clustered(pd.DataFrame(np.abs(places[:, None] - places), list(groups), list(groups)))
    assert {frozenset(order[:3]), frozenset(order[3:])} == {
        frozenset(("en", "de", "nl")),
        frozenset(("hi", "ur", "mr")),
    }


def test_the_paper_is_of_another_encoder_unless_it_is_mbert() -> None:
    corpus, scores = wide(12, "apart")
    for encoder, another in (
        ("xlm-roberta-base", True),
        ("bert-base-multilingual-cased", False),
        ("/models/mbert", False),
    ):
        notes = correlations([corpus], scores, encoder).notes
        assert any(f"This study's encoder, {encoder}, is another." in note for note in notes) == another
        assert any("XNLI −0.677" in note for note in notes)


@pytest.mark.parametrize(
    ("count", "said"), [(2, "correlation, as there are fewer than 3"), (3, "interval, as there are fewer than 4")]
)
def test_few_languages_have_a_reason(count: int, said: str) -> None:
    corpus, scores = wide(count, "apart")
    table = correlations([corpus], scores, "embedded")
    assert any(f"wiki: no {said} languages." in note for note in table.notes)
    assert table.rows[0][3] == str(count)


def test_files_of_a_matrix_are_well_formed(tmp_path: Path) -> None:
    corpus, scores = wide(12, "apart")
    for table in (matrix(corpus), correlations([corpus], scores, "embedded")):
        table.write(tmp_path)
        latex = (tmp_path / f"{table.name}.tex").read_text(encoding="utf-8")
        body = latex[latex.index(r"\toprule") : latex.index(r"\bottomrule")]
        assert {line.count("&") for line in body.splitlines() if "&" in line} == {len(table.header) - 1}
        assert not re.search(r"[×−–]", latex)
