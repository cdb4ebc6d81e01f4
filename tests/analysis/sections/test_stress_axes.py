"""Stress along any hyperparameter: the section against numbers computed here from the records, and its conditions."""

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.rendering.axis import Axis
from analysis.rendering.cells import MISSING_CELL, Difference, Percent, Score
from analysis.rendering.section import Picture, Section
from analysis.rendering.table import Table
from analysis.results.from_csv import read
from analysis.results.from_store import load
from analysis.results.merge import side_by_side
from analysis.results.tidy import tidy
from analysis.results.view import View
from analysis.sections import design, stress
from harness.methods import L2, Vanilla
from harness.setting import Setting, setting_labels
from tests.helpers import synthetic

CENTRE = Setting(learning_rate=2e-3, warmup_steps=6, max_steps=60, batch_size=16)
EXAMPLES = (16, 64, 256, None)
SHOWN = {16: "16", 64: "64", 256: "256", math.inf: "all"}
NAMES = ("vanilla", "l2(strength=0.1)")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with four sizes, the largest first as in the study. One trial failed, one is missing, one collapsed."""
    settings = tuple(replace(CENTRE, train_examples=count) for count in reversed(EXAMPLES))
    made = replace(synthetic.study(4, methods=(Vanilla(), L2(strength=0.1)), seeds=4), settings=settings)
    folder = tmp_path_factory.mktemp("axes") / "store"
    synthetic.store(folder, made)
    return folder


@pytest.fixture(scope="module")
def seen(place: Path) -> View:
    from harness.store.store import Store

    store = Store(place, create=False)
    return View(load(store, "synthetic"), store=store)


@pytest.fixture(scope="module")
def raw(place: Path) -> pd.DataFrame:
    """One row per finished trial, from its record: method, value, seed, collapsed, and every language's F1."""
    rows = []
    for file in place.glob("trials/*/result.json"):
        record = json.loads(file.read_text())
        config, scores = record["config"], record["scores"]["test"]
        count = config["setting"].get("train_examples")
        name = NAMES[json.dumps(config["method"]).find("l2") >= 0]
        rows.append(
            {"method": name, "value": count or math.inf, "seed": config["seed"], "collapsed": record["collapsed"]}
            | {language: found["f1"] for language, found in scores.items()}
        )
    frame = pd.DataFrame(rows)
    assert len(frame) == 30
    return frame.assign(zero_shot=frame[["af", "ar", "az", "bg"]].mean(axis=1))


def parts(section: Section | None, kind: type[Any]) -> dict[str, Any]:
    assert section is not None
    return {part.name: part for part in section.parts if isinstance(part, kind)}


def by_hand(wide: pd.DataFrame) -> dict[float, float]:
    """Shares of the best, from scores (seeds × values), in explicit loops."""
    counts = {value: int(wide[value].notna().sum()) for value in wide}
    candidates = [value for value in wide if counts[value] == max(counts.values()) > 0]
    best = max(candidates, key=lambda value: wide[value].mean(), default=None)
    found = {}
    for value in wide:
        pairs = (
            [] if best is None else [(a, b) for a, b in zip(wide[value], wide[best], strict=True) if a == a and b == b]
        )
        if pairs and sum(b for _, b in pairs) > 0:
            found[float(value)] = 100 * sum(a for a, _ in pairs) / sum(b for _, b in pairs)
    return found


def test_scores_by_value_are_those_of_the_records(seen: View, raw: pd.DataFrame) -> None:
    table = parts(stress.section(seen), Table)["stress-train-examples"]
    assert list(table.header) == [
        "train examples",
        "method",
        "en",
        "en, kept",
        "zero-shot",
        "zero-shot, kept",
        "zero-shot − vanilla",
        "collapsed runs",
    ]
    assert [(row[0], row[1]) for row in table.rows] == list(itertools.product(SHOWN.values(), NAMES))
    rows = {(row[0], row[1]): row for row in table.rows}
    for name, own in raw.groupby("method"):
        for column, at in (("en", 2), ("zero_shot", 4)):
            shares = by_hand(own.pivot_table(index="seed", columns="value", values=column))
            for value, of in own.groupby("value"):
                cell, kept = rows[SHOWN[value], name][at : at + 2]  # type: ignore[index]
                assert isinstance(cell, Score)
                assert (cell.runs, cell.expected) == (len(of), 4)
                assert (cell.mean, cell.std) == pytest.approx((np.mean(of[column]), np.std(of[column], ddof=1)))
                assert isinstance(kept, Percent)
                assert kept.percent == pytest.approx(shares[value])  # type: ignore[index]
    assert {f"{row[-1]}" for row in table.rows} == {"0/4", "1/4"}
    fallen = raw[raw["collapsed"]].iloc[0]
    assert rows[SHOWN[fallen["value"]], fallen["method"]][-1] == "1/4"
    for value, name in SHOWN.items():
        own = raw[raw["value"] == value].pivot_table(index="seed", columns="method", values="zero_shot").dropna()
        change = own[NAMES[1]] - own[NAMES[0]]
        cell = rows[name, NAMES[1]][6]
        assert isinstance(cell, Difference)
        assert (cell.mean, cell.std, cell.runs) == pytest.approx((change.mean(), change.std(ddof=1), len(change)))
        assert rows[name, NAMES[0]][6] == MISSING_CELL
    means = {
        key: round(row[4].mean, 2)
        for key, row in rows.items()
        if row[4].runs == max(rows[key[0], m][4].runs for m in NAMES)
    }
    for key, row in rows.items():
        comparable = [mean for (value, _), mean in means.items() if value == key[0]]
        assert row[4].best == (key in means and len(comparable) == 2 and means[key] == max(comparable))
    assert any(row[4].best for row in table.rows)


def test_languages_that_lose_most_come_first(seen: View, raw: pd.DataFrame) -> None:
    table = parts(stress.section(seen), Table)["stress-train-examples-languages"]
    assert list(table.header) == ["language", *(f"{name}, {what}" for name in NAMES for what in ("kept", "at"))]
    expected: dict[str, dict[str, tuple[float, float]]] = {name: {} for name in NAMES}
    for name, language in itertools.product(NAMES, ("af", "ar", "az", "bg")):
        shares = by_hand(raw[raw["method"] == name].pivot_table(index="seed", columns="value", values=language))
        value = min(shares, key=lambda value: shares[value])
        expected[name][language] = shares[value], value
    assert [row[0] for row in table.rows] == sorted(
        expected["vanilla"], key=lambda language: expected["vanilla"][language][0]
    )
    for language, *cells in table.rows:
        for name, (kept, at) in zip(NAMES, zip(cells[::2], cells[1::2], strict=True), strict=True):
            share, value = expected[name][str(language)]
            assert isinstance(kept, Percent)
            assert (kept.percent, at) == (pytest.approx(share), SHOWN[value])
    worst = {name: min(by, key=lambda language: by[language][0]) for name, by in expected.items()}
    told = ", ".join(f"{worst[name]} with {name} ({expected[name][worst[name]][0]:.0f} %)" for name in NAMES)
    assert table.notes[-1] == f"Loses most: {told}."


def test_the_figure_has_all_runs_and_crosses_what_collapsed(seen: View, raw: pd.DataFrame) -> None:
    picture = parts(stress.section(seen), Picture)["stress-train-examples"]
    assert "'all' stands one step beyond the largest" in picture.caption
    at = {16: 16.0, 64: 64.0, 256: 256.0, math.inf: 1024.0}  # a step is a factor of four
    for axes, column, label in zip(
        picture.figure.axes, ("en", "zero_shot"), ("en test, F1 × 100", "zero-shot score, F1 × 100"), strict=True
    ):
        assert (axes.get_xscale(), axes.get_xlabel(), axes.get_ylabel()) == ("log", "train examples", label)
        ticks = dict(zip(axes.get_xticks(), (text.get_text() for text in axes.get_xticklabels()), strict=True))
        assert ticks == {place: SHOWN[value] for value, place in at.items()}
        offsets = np.ma.filled(np.concatenate([marks.get_offsets() for marks in axes.collections]), math.nan)
        expected = [(at[value], score) for value, score in zip(raw["value"], raw[column], strict=True)]
        np.testing.assert_allclose(sorted(map(tuple, offsets)), sorted(expected))
        lines = [[*map(float, line.get_ydata())] for line in axes.get_lines()]
        for name in NAMES:
            medians = [raw[(raw["method"] == name) & (raw["value"] == value)][column].median() for value in SHOWN]
            assert any(len(line) == 4 and line == pytest.approx(medians) for line in lines)
        (marks,) = axes.collections
        drawn = [len(path.vertices) for path in marks.get_paths()]
        assert len({*drawn}) == 2
        (crossed,) = [place for place, points in enumerate(drawn) if drawn.count(points) == 1]
        assert offsets[crossed][1] == 5.0
    assert [text.get_text() for text in picture.figure.legends[0].get_texts()] == list(NAMES)


def test_nothing_says_that_more_is_harder(seen: View) -> None:
    section = stress.section(seen)
    assert section is not None
    assert section.title == "Stress: train examples"
    words = [
        section.title,
        *(note for table in section.tables for note in table.notes),
        *(p.caption + p.alt for p in parts(section, Picture).values()),
    ]
    assert not any(word in text for word in ("grow", "rate", "larger") for text in words)


# Which studies


def results_of(settings: Mapping[str, Sequence[Mapping[str, Any]]], tmp_path: Path, seeds: int = 2) -> View:
    """Random scores in two languages, for methods at their own settings."""
    random = np.random.default_rng(3)
    rows = []
    for method, own in settings.items():
        for hyperparameters, seed, language in itertools.product(own, range(seeds), ("en", "de", "hi")):
            rows.append(
                {
                    "method": method,
                    "seed": seed,
                    "language": language,
                    "score": random.uniform(20, 90),
                    **hyperparameters,
                }
            )
    pd.DataFrame(rows).to_csv(tmp_path / "runs.csv", index=False)
    return View(read(str(tmp_path / "runs.csv")))


def along(name: str, values: Sequence[Any], **more: Any) -> list[dict[str, Any]]:
    return [{"learning_rate": 1e-3, **more, name: value} for value in values]


@pytest.mark.parametrize(
    ("name", "values", "scale", "labels"),
    [
        ("label_noise", [0.6, 0, 0.3, 0.1], "linear", ["0", "0.1", "0.3", "0.6"]),
        ("warmup_steps", [50, 6, 0, 20], "linear", ["0", "6", "20", "50"]),
        ("weight_decay", [0, 1e-4, 1e-2], "symlog", ["0", "0.0001", "0.01"]),
        ("epochs", [1, 0.5, 0.125, 0.0625], "log", ["0.0625", "0.125", "0.5", "1"]),
        ("batch_size", [8, 10, 16], "linear", ["8", "10", "16"]),
        ("batch_size", [2, 4, 8, 16], "log", ["2", "4", "8", "16"]),
        ("max_steps", [100000, 200000, 3000000], "log", ["100000", "200000", "3000000"]),
        ("setting.dropout", [0.1, 0.2, 0.4], "linear", ["0.1", "0.2", "0.4"]),
        ("train_examples", [16, 20, None], "linear", ["16", "20", "all"]),
    ],
)
def test_one_number_that_differs_is_an_axis(
    name: str, values: list[Any], scale: str, labels: list[str], tmp_path: Path
) -> None:
    view = results_of({"vanilla": along(name, values), "bitfit": along(name, values)}, tmp_path)
    (axis,) = Axis.others(view.results)
    assert (axis.name, axis.methods, axis.scale) == (name, ("vanilla", "bitfit"), scale)
    assert [axis.shown(value) for value in axis.values] == labels
    stem = name.removeprefix("setting.").replace("_", "-")
    section = stress.section(view)
    assert section is not None
    assert section.title == f"Stress: {stem.replace('-', ' ')}"
    table = parts(section, Table)[f"stress-{stem}"]
    assert [row[0] for row in table.rows[::2]] == labels
    axes = parts(section, Picture)[f"stress-{stem}"].figure.axes[0]
    assert axes.get_xscale() == scale
    ticks = sorted(zip(axes.get_xticks(), (text.get_text() for text in axes.get_xticklabels()), strict=True))
    assert [text for _, text in ticks] == [label for label in labels if label in {text for _, text in ticks}]
    assert len(ticks) >= len(labels) - 1  # two close values share a label
    assert ticks[-1][1] == labels[-1]


@pytest.mark.parametrize(
    "settings",
    [
        along("batch_size", [2, 4]),
        along("learning_rate", [1e-3, 1.5e-3, 2e-3]),
        [*along("batch_size", [2, 4, 8]), *along("batch_size", [16], warmup_steps=5)],
        [*along("epochs", [1, 2, 3]), *along("max_steps", [100])],
        along("schedule", ["linear", "cosine", "constant"]),
        along("setting.layer", ["first", "2", "3"]),
        along("setting.dropout", [0.1, 0.2, None]),
    ],
    ids=["two values", "the rate", "two that differ", "epochs and steps", "words", "words and numbers", "not given"],
)
def test_else_there_is_none(settings: list[dict[str, Any]], tmp_path: Path) -> None:
    view = results_of({"vanilla": settings, "bitfit": along("batch_size", [2])}, tmp_path)
    assert Axis.others(view.results) == []
    assert stress.section(view) is None


def test_methods_without_the_axis_are_named_and_others_have_their_own(tmp_path: Path) -> None:
    settings = {
        "vanilla": along("batch_size", [2, 4, 8]),
        "l2(strength=1)": along("batch_size", [4, 8, 16]),
        "bitfit": along("batch_size", [4]),
        "lora": along("warmup_steps", [0, 5, 9], batch_size=2),
    }
    section = stress.section(results_of(settings, tmp_path))
    assert section is not None
    assert section.title == "Stress: batch size, warmup steps"
    tables = parts(section, Table)
    table = tables["stress-batch-size"]
    pairs = [
        ("2", "vanilla"),
        ("4", "vanilla"),
        ("4", "l2(strength=1)"),
        ("8", "vanilla"),
        ("8", "l2(strength=1)"),
        ("16", "l2(strength=1)"),
    ]
    assert [(row[0], row[1]) for row in table.rows] == pairs
    assert [isinstance(row[6], Difference) for row in table.rows] == [False, False, True, False, True, False]
    assert (
        table.notes[-1] == "Methods with fewer than 3 values of the batch size, or with other differences between "
        "settings, are left out: bitfit, lora."
    )
    assert {row[1] for row in tables["stress-warmup-steps"].rows} == {"lora"}


def test_a_growing_rate_and_another_axis_go_side_by_side(tmp_path: Path) -> None:
    rates = along("learning_rate", [1e-5, 1e-4], batch_size=2)
    section = stress.section(results_of({"vanilla": rates, "bitfit": along("batch_size", [2, 4, 8])}, tmp_path))
    assert section is not None
    assert section.title == "Stress: growing learning rates, batch size"
    assert list(parts(section, Table)) == ["stress", "stress-batch-size", "stress-batch-size-languages"]


def test_one_method_has_no_difference(tmp_path: Path) -> None:
    table = parts(stress.section(results_of({"vanilla": along("batch_size", [2, 4, 8])}, tmp_path)), Table)[
        "stress-batch-size"
    ]
    assert not any("−" in head for head in table.header)
    assert {len(row) for row in table.rows} == {len(table.header)}


@given(st.lists(st.lists(st.one_of(st.none(), st.integers(0, 100)), min_size=3, max_size=3), min_size=1, max_size=4))
def test_what_is_kept_is_of_the_seeds_that_both_have(scores: list[list[int | None]]) -> None:
    wide = pd.DataFrame(scores, columns=[1.0, 2.0, math.inf], dtype="float64")
    long = wide.rename_axis("seed").reset_index().melt("seed", var_name="value", value_name="score").assign(replicate=0)
    assert stress.kept(long, long["score"].astype("float64")) == pytest.approx(by_hand(wide))


# Labels


def test_all_examples_are_called_so_wherever_a_label_is_made(seen: View, place: Path, tmp_path: Path) -> None:
    settings = [replace(CENTRE, train_examples=count) for count in EXAMPLES]
    labels = [f"train_examples={count}" for count in (16, 64, 256, "all")]
    assert [*setting_labels(settings).values()] == labels
    assert sorted(seen.results.settings_met) == sorted(labels)
    mixed = [CENTRE, replace(CENTRE, max_steps=None, epochs=2.0)]
    assert [*setting_labels(mixed).values()] == ["epochs=none max_steps=60", "epochs=2 max_steps=none"]
    column = list(design.settings(seen).header).index("train examples")
    assert [row[column] for row in design.settings(seen).rows] == ["all", "256", "64", "16"]
    frame = tidy(seen.results)
    frame.to_csv(tmp_path / "results.csv", index=False)
    again = View(read(str(tmp_path / "results.csv")))
    assert again.results.settings_met == seen.results.settings_met
    frame.drop(columns="setting").to_csv(tmp_path / "unnamed.csv", index=False)
    assert read(str(tmp_path / "unnamed.csv")).settings_met == seen.results.settings_met
    name = "stress-train-examples"
    assert parts(stress.section(again), Table)[name].rows == parts(stress.section(seen), Table)[name].rows


def test_a_store_and_its_table_side_by_side_have_one_label_a_setting(seen: View, tmp_path: Path) -> None:
    tidy(seen.results).to_csv(tmp_path / "results.csv", index=False)
    both = side_by_side("one", seen, "two", View(read(str(tmp_path / "results.csv")))).results
    assert sorted(both.settings_met) == sorted(seen.results.settings_met)
