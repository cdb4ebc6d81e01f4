"""The section on variance: shares on full and incomplete grids."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from analysis.rendering.cells import Percent
from analysis.rendering.section import Picture
from analysis.rendering.table import Table
from analysis.results.frame import FINISHED
from analysis.sections import variance
from analysis.statistics.decomposition.mixed_model import reml
from analysis.statistics.decomposition.variance import components
from tests.helpers.report_rows import Floats, Rows, cells, noted, plain, run, table_of, view


def grid_rows(scores: Floats, *, dropped: Sequence[tuple[int, int]] = ()) -> Rows:
    """Rows of vanilla from scores (languages × settings × seeds × replicates)."""
    codes = ("en", "de", "hi")
    rows: Rows = []
    for i, j, k in np.ndindex(scores.shape[1:]):  # type: ignore[misc]
        if (i, j) not in dropped:
            rows += run(
                "vanilla",
                j,
                dict(zip(codes, map(float, scores[:, i, j, k]), strict=True)),
                learning_rate=1e-5 * (i + 1),
                replicate=k,
            )
    return rows


def effects(*shape: int, seed: int = 0) -> Floats:
    """Scores with strong effects of settings and seeds."""
    random = np.random.default_rng(seed)
    languages, settings_, seeds, replicates = shape
    return (
        60
        + random.normal(0, 3, (languages, settings_, 1, 1))
        + random.normal(0, 2, (languages, 1, seeds, 1))
        + random.normal(0, 1, (languages, settings_, seeds, 1))
        + random.normal(0, 0.5, (languages, settings_, seeds, replicates))
    )


@pytest.mark.parametrize("replicates", [1, 2])
def test_variance_shares_are_those_of_the_grid(replicates: int) -> None:
    scores = effects(3, 4, 3, replicates)
    table = table_of(variance.section(view(grid_rows(scores))), "variance-vanilla")
    names = (
        ["setting", "seed", "setting × seed", "noise"]
        if replicates == 2
        else ["setting", "seed", "setting × seed + noise"]
    )
    assert table.header == ["language", "std", *names]
    assert [row[0] for row in table.rows] == ["en", "zero-shot score", "de", "hi"]
    every = np.concatenate([scores[:1], scores[1:].mean(axis=0, keepdims=True), scores[1:]])
    found = components(every)
    for i, code in enumerate(("en", "zero-shot score", "de", "hi")):
        row = cells(table, code)
        shares = zip(*(100 * part[:, i] for part in (found.shares, found.share_low, found.share_high)), strict=True)
        assert [row[name] for name in names] == [
            Percent(*(pytest.approx(number, abs=1e-6) for number in of)) for of in shares
        ]
        assert row["std"] == f"{math.sqrt(np.maximum(found.variance[:, i], 0).sum()):.2f}"
    # By hand, without replicates: the mean squares of a two-way table.
    if replicates == 1:
        y = scores[0, :, :, 0]
        rows_, columns = y.mean(axis=1, keepdims=True), y.mean(axis=0, keepdims=True)
        between = 3 * ((rows_ - y.mean()) ** 2).sum() / 3
        seeds = 4 * ((columns - y.mean()) ** 2).sum() / 2
        rest = ((y - rows_ - columns + y.mean()) ** 2).sum() / 6
        parts = np.maximum([(between - rest) / 3, (seeds - rest) / 4, rest], 0)
        assert [cells(table, "en")[name].percent for name in names] == pytest.approx(list(100 * parts / parts.sum()))
    assert any("ANOVA" in note for note in table.notes)
    assert any("no pair of setting and seed was run twice" in note.lower() for note in table.notes) is (replicates == 1)


def test_an_incomplete_grid_is_fitted_and_said_to_be() -> None:
    scores = effects(3, 4, 3, 1, seed=2)
    rows = grid_rows(scores, dropped=[(1, 2)])
    table = table_of(variance.section(view(rows)), "variance-vanilla")
    assert any("mixed model (REML), because the grid of settings and seeds is not full" in note for note in table.notes)
    there = [(i, j) for i, j in np.ndindex(4, 3) if (i, j) != (1, 2)]
    found = reml([i for i, _ in there], [j for _, j in there], [scores[1, i, j, 0] for i, j in there])
    row = cells(table, "de")
    assert [row[name].percent for name in found.names] == pytest.approx(list(100 * found.shares[:, 0]), abs=0.01)
    assert "Negative estimates" not in noted(table)  # REML has none
    assert "intervals" not in noted(table)
    assert [plain(row[name]) for name in found.names] == [Percent(row[name].percent).plain() for name in found.names]


def test_what_one_language_lacks_is_not_said_of_all() -> None:
    rows = grid_rows(effects(3, 4, 3, 1, seed=2))
    lost = next(row for row in rows if row["language"] == "hi")
    seen = view([row for row in rows if row is not lost])
    seen = replace(seen, results=replace(seen.results, trials=seen.results.trials.assign(status=FINISHED)))
    table = table_of(variance.section(seen), "variance-vanilla")
    assert "Components by ANOVA; for hi by a mixed model (REML)" in noted(table)
    assert "In brackets: generalised 95 % intervals" in noted(table)
    assert "[" in plain(cells(table, "de")["seed"])
    assert "[" not in plain(cells(table, "hi")["seed"])


def test_negative_estimates_are_mentioned_where_there_are_any() -> None:
    random = np.random.default_rng(0)
    for scores, negative in ((effects(3, 4, 3, 1, seed=2), False), (60 + random.normal(0, 1, (3, 4, 3, 1)), True)):
        every = np.concatenate([scores, scores[1:].mean(axis=0, keepdims=True)])
        assert (components(every).variance < 0).any() == negative
        table = table_of(variance.section(view(grid_rows(scores))), "variance-vanilla")
        assert ("Negative estimates of the ANOVA count as 0 %." in table.notes) is negative


def test_languages_without_components_are_named_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.statistics.decomposition.mixed_model.MAX_RUNS", 5)
    table = table_of(variance.section(view(grid_rows(effects(3, 4, 3, 1), dropped=[(1, 2)]))), "variance-vanilla")
    assert "None for en, zero-shot score, de, hi: there are more than 5 runs on a grid that is not full." in table.notes


def test_a_note_belongs_to_its_method_also_in_a_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    """A comparison names its methods after the two results, with a colon."""
    monkeypatch.setattr("analysis.sections.variance.FITTED", 5)
    rows = [{**row, "method": "A: vanilla"} for row in grid_rows(effects(3, 4, 3, 1), dropped=[(1, 2)])]
    table = table_of(variance.section(view(rows)), "variance-A--vanilla")
    assert "Left out: settings without runs for some seeds (1 of 4)." in table.notes


def test_methods_that_the_variance_figure_leaves_out_are_named() -> None:
    rows = grid_rows(effects(3, 4, 3, 1))
    methods = [f"l2(strength={n})" for n in range(1, 6)]
    every = [*rows, *({**row, "method": method} for method in methods for row in rows)]
    every += run("bitfit", 0, {"en": 80.0, "de": 60.0, "hi": 50.0}, learning_rate=1e-5, replicate=0)
    # a single component cannot be split
    every += run("bitfit", 1, {"en": 81.0, "de": 62.0, "hi": 53.0}, learning_rate=1e-5, replicate=0)
    section = variance.section(view(every))
    assert section is not None
    (picture,) = (part for part in section.parts if isinstance(part, Picture))
    for text in (picture.caption, picture.alt):
        assert "Only in the tables: l2(strength=4), l2(strength=5), bitfit." in text
    assert [axes.get_title(loc="left") for axes in picture.figure.axes] == ["vanilla", *methods[:3]]
    few = variance.section(view([row for row in every if row["method"] in ("vanilla", "bitfit")]))
    assert few is not None
    (picture,) = (part for part in few.parts if isinstance(part, Picture))
    assert len(picture.figure.axes) == 1
    only = variance.section(view([row for row in every if row["method"] == "bitfit"]))
    assert only is not None
    assert not any(isinstance(part, Picture) for part in only.parts)


@pytest.mark.parametrize(
    ("cell", "text", "tex", "numbers"),
    [
        (
            Percent(58.6, 20.2, 81.4),
            "59 % [20, 81]",
            r"$59\,\%\;[20, 81]$",
            {"percent": 58.6, "low": 20.2, "high": 81.4},
        ),
        (
            Percent(4.24, 0.0, 100.0),
            "4.2 % [0, 100]",
            r"$4.2\,\%\;[0, 100]$",
            {"percent": 4.24, "low": 0.0, "high": 100.0},
        ),
        (Percent(58.6), "59 %", r"$59\,\%$", {"percent": 58.6}),
    ],
)
def test_shares_have_their_interval_in_every_format(
    cell: Percent, text: str, tex: str, numbers: dict[str, float]
) -> None:
    table = Table("shares", "Shares", ["of"], [[cell]])
    assert (cell.plain(), cell.markdown(), str(cell.html()), cell.latex(), cell.numbers()) == (
        text,
        text,
        text,
        tex,
        numbers,
    )
    assert table.frame().to_dict("records") == [{f"of {name}": number for name, number in numbers.items()}]
