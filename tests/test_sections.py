"""The report's sections against numbers worked out here from the raw rows, and what they say of thin or odd results."""

import itertools
import math
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from scipy.stats import trim_mean

from analysis import comparison as comparison_module
from analysis import page
from analysis.best_setting import BestSetting
from analysis.compare import side_by_side
from analysis.frame import FAILED, FINISHED, Results
from analysis.method_label import MethodLabel
from analysis.published import figures
from analysis.report import Chapter, chapters
from analysis.section import Picture, Section
from analysis.sections import (
    FACTS,
    FINDINGS,
    answer,
    best,
    equal_source,
    frozen,
    languages,
    means,
    profiles,
    published,
    spread,
    strengths,
    stress,
    summary,
    variance,
    variants,
)
from analysis.statistics.detectable import Detectable, detectable_ratio
from analysis.statistics.equal_source import equal_source as equal_source_of
from analysis.statistics.mixed_model import reml
from analysis.statistics.profiles import interquartile_mean
from analysis.statistics.std_ratio import std_ratio
from analysis.statistics.swap_test import swap_test
from analysis.statistics.variance import components
from analysis.stored import load
from analysis.table import Change, Difference, Interval, Percent, Ratio, Score, Table
from analysis.table_file import read
from analysis.view import View
from harness.attempt import attempt
from harness.methods import (
    L2,
    METHODS,
    Adapter,
    Bitfit,
    Composed,
    DecoupledL2,
    Ewc,
    LayerFreeze,
    LayerwiseDecay,
    Lora,
    Method,
    Mixout,
    SoftPrompt,
    Vanilla,
    WeightAveraging,
)
from harness.plan import plan
from harness.resources import Resources
from harness.store import Store
from harness.study import Study
from tests import synthetic

Rows = list[dict[str, Any]]
Floats = NDArray[np.float64]
COLD, WARM, HOT = 1e-5, 2e-5, 1e-4
RATES = (COLD, WARM, HOT)
WITHIN = {"rel": 1e-9, "abs": 1e-9}


# Results made by hand


def run(method: str, seed: int, scores: Mapping[str, float | None], *, dev: float | None = None, **more: Any) -> Rows:
    """The rows of one run in a table of results; without scores it failed."""
    more.setdefault("status", FAILED if None in scores.values() else FINISHED)
    keys = {"method": method, "seed": seed, **more}
    rows = [{**keys, "split": "test", "language": code, "score": score} for code, score in scores.items()]
    return rows + ([{**keys, "split": "dev", "language": "en", "score": dev}] if dev is not None else [])


def made(rows: Sequence[Mapping[str, Any]]) -> Results:
    """The results that a table of these rows is read as."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "runs.csv"
        pd.DataFrame(rows).to_csv(file, index=False)
        return read(str(file))


def view(rows: Sequence[Mapping[str, Any]], **options: Any) -> View:
    return View(made(rows), **options)


def pairs(ours: Floats, theirs: Floats, *, source: float = 90.0, name: str = "l2(strength=1)") -> Rows:
    """Runs of two methods with these target scores (runs × languages), a seed a run."""
    codes = ("de", "hi", "th", "fr")[: ours.shape[1]]
    rows: Rows = []
    for method, scores in (("vanilla", theirs), (name, ours)):
        for seed, row in enumerate(scores):
            own = 0.1 * seed * seed + (0.01 * seed if method == name else 0)
            rows += run(method, seed, {"en": source + own, **dict(zip(codes, map(float, row), strict=True))})
    return rows


def random_rows() -> Rows:
    """Five methods in two families, three learning rates, three seeds, dev scores; two runs of vanilla collapsed and one of l2 failed."""
    random = np.random.default_rng(7)
    rows: Rows = []
    for method in ("vanilla", "l2(strength=1)", "l2(strength=0.1)", "ewc(strength=100)", "ewc(strength=10)"):
        for rate, seed in itertools.product(RATES, range(3)):
            collapsed = method == "vanilla" and rate == HOT and seed < 2
            scores: dict[str, float | None] = {
                code: float(random.normal(level, 2)) for code, level in {"en": 85, "de": 70, "hi": 55, "th": 40}.items()
            }
            if collapsed:
                scores = {code: float(10 + random.random()) for code in scores}
            if method == "l2(strength=0.1)" and (rate, seed) == (WARM, 1):
                scores = dict.fromkeys(scores)
            dev = None if None in scores.values() else float(random.normal(85, 1))
            rows += run(method, seed, scores, dev=dev, learning_rate=rate, collapsed=str(collapsed).lower())
    return rows


@pytest.fixture(scope="module")
def rows() -> Rows:
    return random_rows()


@pytest.fixture(scope="module")
def raw(rows: Rows) -> pd.DataFrame:
    """The finished test rows."""
    frame = pd.DataFrame(rows)
    return frame[(frame["split"] == "test") & (frame["status"] == FINISHED)]


@pytest.fixture(scope="module")
def zero_shot(raw: pd.DataFrame) -> "pd.Series[float]":
    """By method, learning rate and seed."""
    return raw[raw["language"] != "en"].groupby(["method", "learning_rate", "seed"])["score"].mean()


@pytest.fixture(scope="module")
def seen(rows: Rows) -> View:
    return view(rows)


@pytest.fixture(scope="module")
def written(seen: View) -> list[Chapter]:
    return chapters(seen)


def table_of(section: Section | None, name: str) -> Table:
    assert section is not None
    return next(table for table in section.tables if table.name == name)


def cells(table: Table, *first: str) -> dict[str, Any]:
    """A row by what its first cells read."""
    (found,) = [row for row in table.rows if tuple(plain(cell) for cell in row[: len(first)]) == first]
    return dict(zip(table.header, found, strict=True))


def plain(cell: Any) -> str:
    return cell if isinstance(cell, str) else cell.plain()


def p_of(cell: Any) -> float:
    """At full precision, as the CSV has it."""
    return float(cell.numbers()[""])


def words(section: Section | None) -> str:
    assert section is not None
    return " ".join(part for part in section.parts if isinstance(part, str))


def score(mean: float, std: float, runs: int, expected: int | None = None) -> Score:
    return Score(pytest.approx(mean, **WITHIN), pytest.approx(std, nan_ok=True, **WITHIN), runs, runs if expected is None else expected)


def unmarked(cell: Any) -> Any:
    """A score that may be in bold, as if it were not."""
    return replace(cell, best=False)


def marked(table: Table, column: str) -> list[str]:
    """The first cells of the rows whose cell in a column is in bold."""
    place = list(table.header).index(column)
    return [plain(row[0]) for row in table.rows if isinstance(row[place], Score) and row[place].best]  # type: ignore[union-attr]


def std(values: Any) -> float:
    return float(np.std(np.asarray(values, float), ddof=1))


# Best settings


def test_the_best_setting_is_that_of_the_sources_dev_score(
    rows: Rows, raw: pd.DataFrame, zero_shot: "pd.Series[float]", seen: View
) -> None:
    frame = pd.DataFrame(rows)
    of_dev = frame[frame["split"] == "dev"].groupby(["method", "learning_rate"])["score"]
    whole = of_dev.size().unstack()
    dev = of_dev.mean().unstack().where(whole.eq(whole.max(axis=1), axis=0))
    assert dev.loc["l2(strength=0.1)"].isna().tolist() == [False, True, False]
    by_target = zero_shot.groupby(["method", "learning_rate"]).mean().unstack()
    by_test = raw[raw["language"] == "en"].groupby(["method", "learning_rate"])["score"].mean().unstack()
    assert (dev.idxmax(axis=1) != by_target.idxmax(axis=1)).any()
    assert (dev.idxmax(axis=1) != by_test.idxmax(axis=1)).any()
    section = best.section(seen)
    table, languages = table_of(section, "best"), table_of(section, "best-languages")
    for method, rate in dev.idxmax(axis=1).items():
        chosen = raw[(raw["method"] == method) & (raw["learning_rate"] == rate)]
        row, ours = cells(table, str(method)), zero_shot[method, rate]
        assert row["setting"] == f"learning_rate={rate:g}"
        assert row["settings tried"] == "3"
        asked = 3
        english = chosen[chosen["language"] == "en"]["score"]
        assert unmarked(row["en"]) == score(english.mean(), std(english), len(english), asked)
        assert unmarked(row["zero-shot"]) == score(ours.mean(), std(ours), len(ours), asked)
        if method != "vanilla":
            both = pd.concat([ours, zero_shot["vanilla", dev.idxmax(axis=1)["vanilla"]]], axis=1, keys=["ours", "theirs"]).dropna()
            change = both["ours"] - both["theirs"]
            expected = Difference(pytest.approx(change.mean(), **WITHIN), pytest.approx(std(change), **WITHIN), len(change))
            assert row["zero-shot − vanilla"] == expected
        for code in ("de", "hi", "th"):
            of = chosen[chosen["language"] == code]["score"]
            assert unmarked(cells(languages, code)[str(method)]) == score(of.mean(), std(of), len(of), asked)
        footer = cells(languages, "zero-shot")[str(method)]
        assert footer == row["zero-shot"]
    at_best = {str(method): zero_shot[method, rate].mean() for method, rate in dev.idxmax(axis=1).items()}
    assert marked(table, "zero-shot") == [max(at_best, key=lambda method: at_best[method])]
    left_out = "Left out, having fewer complete runs than the method's other settings: learning_rate=2e-05 of l2(strength=0.1)."
    expected_note = f"highest mean en dev score over seeds; no target language is looked at. {left_out}"
    assert any(note.endswith(expected_note) for note in table.notes)


def test_a_setting_that_lacks_runs_is_not_the_best() -> None:
    """At HOT one seed of three is there, with the best score; at WARM two have a better mean than the three at COLD."""
    level = {COLD: 80.0, WARM: 82.0, HOT: 90.0}
    there = {COLD: 3, WARM: 2, HOT: 1}
    rows: Rows = []
    for method, rate, seed in itertools.product(("vanilla", "l2(strength=1)", "bitfit"), RATES, range(3)):
        lost = seed >= there[rate] and method != "bitfit"
        scores = dict.fromkeys(("en", "de"), None if lost else level[rate] + seed)
        rows += run(method, seed, scores, dev=None if lost else level[rate] + seed, learning_rate=rate)
    seen = view(rows)
    found = {method: BestSetting.of(seen.results, method) for method in seen.results.methods}
    assert {method: best.setting for method, best in found.items()} == {
        "vanilla": "learning_rate=1e-05", "l2(strength=1)": "learning_rate=1e-05", "bitfit": "learning_rate=0.0001"
    }  # fmt: skip
    assert found["vanilla"].left_out == ("learning_rate=2e-05", "learning_rate=0.0001")
    assert (found["bitfit"].left_out, found["vanilla"].tried) == ((), 3)
    few = "learning_rate=2e-05, learning_rate=0.0001 of"
    note = next(note for note in table_of(best.section(seen), "best").notes if "highest mean en" in note)
    assert note.endswith(f"other settings: {few} vanilla; {few} l2(strength=1).")
    third = [replace_method(row, "l2(strength=2)") for row in rows if row["method"] == "l2(strength=1)"]
    note = next(note for note in table_of(best.section(view(rows + third)), "best").notes if "highest mean en" in note)
    assert note.endswith("other settings: 6 settings of 3 methods.")


def test_no_target_decides_and_without_dev_scores_the_sources_test_does() -> None:
    """At COLD the targets are best, at WARM the source's test score, at HOT its dev score."""
    told = {COLD: (80.0, 90.0, 70.0), WARM: (85.0, 50.0, 71.0), HOT: (82.0, 40.0, 75.0)}
    for with_dev, rate, split in ((True, HOT, "dev"), (False, WARM, "test")):
        rows = [
            row
            for seed in (0, 1)
            for rate, (english, german, dev) in told.items()
            for row in run("vanilla", seed, {"en": english + seed, "de": german}, dev=dev if with_dev else None, learning_rate=rate)
        ]
        table = table_of(best.section(view(rows)), "best")
        assert cells(table, "vanilla")["setting"] == f"learning_rate={rate:g}"
        note = next(note for note in table.notes if "highest mean en" in note)
        assert f"en {split} score" in note
        assert ("as the results have no dev scores" in note) is not with_dev


def two_rates(*methods: tuple[str, Sequence[str]], failing: Sequence[str] = ()) -> Rows:
    """Two settings and seeds of methods with their target languages, where German has 70 and Hindi 30; some methods fail."""
    level = {"en": 90.0, "de": 70.0, "hi": 30.0}
    found: Rows = []
    for (method, codes), rate, seed in itertools.product(methods, (COLD, WARM), (0, 1)):
        lost = method in failing
        scores = {code: None if lost else level[code] + seed for code in ("en", *codes)}
        found += run(method, seed, scores, dev=None if lost else 80.0 - 1e5 * rate, learning_rate=rate)
    return found


def test_a_method_without_a_run_does_not_change_what_the_others_are_said_to_be_chosen_on() -> None:
    rows = two_rates(("vanilla", ("de", "hi")), ("l2(strength=1)", ("de", "hi")), failing=["l2(strength=1)"])
    note = next(note for note in table_of(best.section(view(rows)), "best").notes if "highest mean en" in note)
    assert "dev score over seeds; " in note


def test_differences_at_the_best_settings_are_of_the_languages_that_both_have() -> None:
    """EWC's models are as vanilla's, but of German alone."""
    rows = two_rates(("vanilla", ("de", "hi")), ("ewc(strength=1)", ("de",)))
    row = cells(table_of(best.section(view(rows)), "best"), "ewc(strength=1)")
    assert row["zero-shot − vanilla"] == Difference(pytest.approx(0.0), pytest.approx(0.0), 2)


def test_a_single_setting_has_no_section_on_the_best() -> None:
    assert best.section(view(pairs(np.ones((3, 2)), np.ones((3, 2))))) is None


# Strengths and learning rates


def test_strengths_are_told_by_family_over_the_runs_that_vanilla_has(seen: View, raw: pd.DataFrame, zero_shot: "pd.Series[float]") -> None:
    section = strengths.section(seen)
    table = table_of(section, "strengths")
    assert [tuple(map(plain, row[:2])) for row in table.rows] == [("l2", "0.1"), ("l2", "1"), ("ewc", "10"), ("ewc", "100")]
    for family, strength in (("l2", "0.1"), ("l2", "1"), ("ewc", "10"), ("ewc", "100")):
        method = f"{family}(strength={strength})"
        row, ours = cells(table, family, strength), zero_shot[method]
        change = (ours - zero_shot["vanilla"]).dropna()
        assert len(change) == (8 if method == "l2(strength=0.1)" else 9)
        assert row["zero-shot − vanilla"] == Difference(
            pytest.approx(change.mean(), **WITHIN), pytest.approx(std(change), **WITHIN), len(change)
        )
        english = raw[(raw["method"] == method) & (raw["language"] == "en")]["score"]
        assert unmarked(row["en"]) == score(english.mean(), std(english), len(english), 9)
        assert unmarked(row["zero-shot"]) == score(ours.mean(), std(ours), len(ours), 9)
        assert row["collapsed runs"] == "0"
    means = {key: zero_shot[key].mean() for key in ("l2(strength=1)", "ewc(strength=10)", "ewc(strength=100)")}  # of nine runs
    highest = MethodLabel.of(max(means, key=lambda method: means[method])).strength
    bold = [plain(row[1]) for row in table.rows if row[list(table.header).index("zero-shot")].best]  # type: ignore[union-attr]
    assert bold == [f"{highest:g}"]
    assert any("selected on the target languages" in note for note in table.notes)
    picture = next(part for part in section.parts if isinstance(part, Picture))  # type: ignore[union-attr]
    left = picture.figure.axes[0]
    theirs = zero_shot["vanilla"]
    expected = {
        (family, strength): (100 * (zero_shot[f"{family}(strength={strength:g})"] - theirs) / theirs).mean()
        for family, strength in (("l2", 0.1), ("l2", 1.0), ("ewc", 10.0), ("ewc", 100.0))
    }
    drawn = [float(y) for line in left.get_lines() for y in line.get_ydata()]
    for value in expected.values():
        assert any(y == pytest.approx(value) for y in drawn)


def test_a_family_needs_two_strengths(rows: Rows) -> None:
    fewer = [row for row in rows if row["method"] not in ("l2(strength=1)",)]
    assert {row[0] for row in table_of(strengths.section(view(fewer)), "strengths").rows} == {"ewc"}
    assert strengths.section(view([row for row in fewer if row["method"] != "ewc(strength=10)"])) is None


def test_stress_tells_each_learning_rate(seen: View, raw: pd.DataFrame, zero_shot: "pd.Series[float]") -> None:
    table = table_of(stress.section(seen), "stress")
    assert [row[0] for row in table.rows] == ["1e-05", "2e-05", "0.0001"]
    for method, rate in itertools.product(seen.results.methods, RATES):
        ours = zero_shot[method, rate]
        assert unmarked(cells(table, f"{rate:g}")[method]) == score(ours.mean(), std(ours), len(ours), 3)
    for rate in RATES:
        here = {m: round(zero_shot[m, rate].mean(), 2) for m in seen.results.methods if len(zero_shot[m, rate]) == 3}
        bold = [method for method in seen.results.methods if cells(table, f"{rate:g}")[method].best]
        assert bold == [method for method in here if here[method] == max(here.values())]
    assert [cells(table, f"{rate:g}")["vanilla, collapsed runs"] for rate in RATES] == ["0/3", "0/3", "2/3"]
    assert [head for head in table.header if "collapsed" in head] == ["vanilla, collapsed runs"]
    assert stress.hottest(seen.results, seen.results.methods) == ["learning_rate=0.0001"]


@pytest.mark.parametrize(
    ("low", "high", "there"),
    [
        (1e-5, 4.9e-5, False),
        (1e-5, 5e-5, True),
        (1e-5, 1e-3, True),
        (1e-5, 1e-5, False),
        (3e-5, 1.5e-4, True),
    ],
)
def test_stress_is_from_a_five_fold_range_on(low: float, high: float, there: bool) -> None:
    rows = [row for seed, rate in enumerate((low, high)) for row in run("vanilla", seed, {"en": 90.0, "de": 60.0}, learning_rate=rate)]
    assert stress.applies(view(rows)) is there


def at_rates(rates: Mapping[str, Sequence[float]], **more: Any) -> Rows:
    """Two seeds of methods at learning rates of their own."""
    random = np.random.default_rng(31)
    rows: Rows = []
    for method, own in rates.items():
        for rate, seed in itertools.product(own, (0, 1)):
            scores = {code: float(random.normal(60, 3)) for code in ("en", "de", "hi")}
            rows += run(method, seed, scores, dev=60.0, learning_rate=rate, **more)
    return rows


def test_rates_that_differ_only_from_method_to_method_are_no_stress() -> None:
    alone = {"vanilla": [COLD], "l2(strength=1)": [HOT], "bitfit": [1e-2]}
    assert stress.section(view(at_rates(alone))) is None
    two = side_by_side("one", view(at_rates({"vanilla": [COLD]})), "two", view(at_rates({"vanilla": [HOT]})))
    assert stress.section(two) is None
    some = view(at_rates({**alone, "vanilla": [COLD, HOT], "l2(strength=1)": [WARM, 1.5 * WARM]}))
    section = stress.section(some)
    table = table_of(section, "stress")
    assert table.header == ["learning rate", "vanilla", "l2(strength=1)"]
    assert [row[0] for row in table.rows] == ["1e-05", "2e-05", "3e-05", "0.0001"]
    assert table.notes[-1] == "Left out, not having several learning rates: bitfit."
    (picture,) = [part for part in section.parts if isinstance(part, Picture)]  # type: ignore[union-attr]
    assert [text.get_text() for text in picture.figure.legends[0].get_texts()] == ["vanilla", "l2(strength=1)"]
    assert stress.hottest(some.results, ["vanilla"]) == ["learning_rate=0.0001"]
    assert stress.hottest(some.results, ["l2(strength=1)"]) == stress.hottest(some.results, ["vanilla", "l2(strength=1)"]) == []


def test_no_learning_rates_no_stress() -> None:
    rows = run("vanilla", 0, {"en": 90.0, "de": 60.0}, warmup_steps=0) + run("vanilla", 1, {"en": 90.0, "de": 60.0}, warmup_steps=9)
    assert stress.section(view(rows)) is None


# Frozen encoders and EWC variants


def test_frozen_methods_come_last_at_their_best_setting() -> None:
    random = np.random.default_rng(3)
    methods = ("bitfit", "vanilla", "soft_prompt(tokens=10)", "adapter", "lora(rank=4)", "l2(strength=1)", "layer_freeze(layers=2)")
    rows: Rows = []
    for method, rate, seed in itertools.product(methods, (COLD, WARM), (0, 1, 2)):
        found = {code: float(random.normal(60, 3)) for code in ("en", "de", "hi")}
        rows += run(method, seed, found, dev=float(random.normal(60, 3)), learning_rate=rate)
    frame = pd.DataFrame(rows)
    made_of = view(rows)
    table = table_of(frozen.section(made_of), "frozen")
    assert [row[0] for row in table.rows] == ["vanilla", "l2(strength=1)", *(m for m in methods if m not in ("vanilla", "l2(strength=1)"))]
    assert [row[1] for row in table.rows] == ["trained"] * 2 + ["mostly frozen"] * 5
    best_of: dict[str, float] = {}
    for method in methods:
        mine = frame[frame["method"] == method]
        rate = mine[mine["split"] == "dev"].groupby("learning_rate")["score"].mean().idxmax()
        test = mine[(mine["split"] == "test") & (mine["learning_rate"] == rate)]
        english = test[test["language"] == "en"]["score"]
        targets = test[test["language"] != "en"].groupby("seed")["score"].mean()
        row = cells(table, method)
        mine_of = (unmarked(row["en"]), unmarked(row["zero-shot"]))
        assert mine_of == (score(english.mean(), std(english), 3), score(targets.mean(), std(targets), 3))
        best_of[method] = targets.mean()
        assert row["trained parameters"] == "–"
    assert marked(table, "zero-shot") == [max(best_of, key=lambda method: best_of[method])]
    shares = replace(made_of.results, trials=made_of.results.trials.assign(parameters=1000, trained_parameters=25))
    assert cells(frozen.table(View(shares)), "adapter")["trained parameters"] == Percent(2.5)
    assert frozen.section(view([row for row in rows if row["method"] in ("vanilla", "l2(strength=1)")])) is None


def test_ewc_variants_are_side_by_side_on_common_languages() -> None:
    random = np.random.default_rng(4)
    scored = {
        "vanilla": ("de", "hi", "fr"),
        "ewc(strength=10)": ("de", "fr"),
        "ewc(target+en, strength=10)": ("fr", "hi", "de"),
        "ewc(mix target-en, strength=10)": ("de", "fr"),
        "bitfit": ("de", "hi", "fr"),
    }
    rows: Rows = []
    for (method, codes), seed in itertools.product(scored.items(), range(3)):
        rows += run(method, seed, {code: float(random.normal(60, 3)) for code in ("en", *codes)})
    table = table_of(variants.section(view(rows)), "variants")
    assert set(table.header) == {"method", "en", "de", "fr"}
    assert [row[0] for row in table.rows] == [method for method in scored if method != "bitfit"]
    frame = pd.DataFrame(rows)
    for method, code in itertools.product([row[0] for row in table.rows], ("en", "de", "fr")):
        of = frame[(frame["method"] == method) & (frame["language"] == code)]["score"]
        assert replace(cells(table, str(method))[code], best=False) == score(of.mean(), std(of), 3)
    assert table.notes[-1] == "Bold: the highest mean of a column among those over the most finished runs."
    best_german = frame[(frame["language"] == "de") & (frame["method"] != "bitfit")].groupby("method")["score"].mean().idxmax()
    assert [row[0] for row in table.rows if row[table.header.index("de")].best] == [best_german]  # type: ignore[union-attr]
    other = [replace_method(row, "ewc(strength=20)") for row in rows if row["method"] == "ewc(strength=10)"]
    plain_only = [row for row in rows if row["method"] in ("vanilla", "ewc(strength=10)")] + other
    assert variants.section(view(plain_only)) is None  # strengths are no variants


def replace_method(row: Mapping[str, Any], method: str) -> dict[str, Any]:
    return {**row, "method": method}


# Spread


def arrays(raw: pd.DataFrame, method: str) -> tuple[Floats, Floats, Floats, Floats]:
    """Source (runs) and target scores (runs × languages) of a method and of vanilla, over the runs that both have, vanilla's order."""
    keys = ["learning_rate", "seed"]
    wide = {m: raw[raw["method"] == m].pivot_table(index=keys, columns="language", values="score") for m in (method, "vanilla")}
    both = wide["vanilla"].index.intersection(wide[method].index, sort=False)
    ours, theirs = (wide[m].loc[both] for m in (method, "vanilla"))
    targets = ["de", "hi", "th"]
    return ours["en"].to_numpy(), theirs["en"].to_numpy(), ours[targets].to_numpy(), theirs[targets].to_numpy()


def swapped_p(ours: Floats, theirs: Floats) -> float:
    """The paired permutation test of the mean log ratio, by making all swaps of centred runs."""
    a, b = ours - ours.mean(axis=0), theirs - theirs.mean(axis=0)
    swapped = np.array([*itertools.product((False, True), repeat=len(a))])[:, :, None]
    one, other = np.where(swapped, b, a), np.where(swapped, a, b)
    statistic = np.abs(np.log(one.std(axis=1, ddof=1) / other.std(axis=1, ddof=1)).mean(axis=1))
    return float((statistic >= statistic[0] - 1e-9).mean())


def holm(p: Mapping[str, float]) -> dict[str, float]:
    """Holm's correction by its definition."""
    order = sorted(p, key=lambda name: p[name])
    raised = [min(1.0, (len(p) - i) * p[name]) for i, name in enumerate(order)]
    return {name: max(raised[: i + 1]) for i, name in enumerate(order)}


def test_spread_is_of_arrays_cut_by_hand(seen: View, raw: pd.DataFrame, written: list[Chapter]) -> None:
    section = next(chapter.section for chapter in written if chapter.section.name == "spread")
    table = table_of(section, "spread")
    methods = [method for method in seen.results.methods if method != "vanilla"]
    p = {method: swapped_p(*arrays(raw, method)[2:]) for method in methods}
    corrected = holm(p)
    for method in methods:
        source, its_source, ours, theirs = arrays(raw, method)
        for what, one, other in (
            ("en", source, its_source),
            ("zero-shot score", ours.mean(axis=1), theirs.mean(axis=1)),
            ("3 languages (geometric mean)", ours, theirs),
        ):
            row, ratio = cells(table, method, what), std_ratio(one, other)
            logs = np.log(np.std(one, axis=0, ddof=1) / np.std(other, axis=0, ddof=1))
            assert row["ratio to vanilla"].value == pytest.approx(math.exp(np.mean(logs)))
            assert row["ratio to vanilla"] == Ratio(*(pytest.approx(x) for x in (ratio.value, ratio.low, ratio.high)))
            assert p_of(row["p"]) == pytest.approx(swapped_p(one.reshape(len(one), -1), other.reshape(len(one), -1)))
            assert row["would have been seen"].value == pytest.approx(detectable_ratio(one, other).ratio)
            assert row["runs"] == str(len(one)) == ("8" if method == "l2(strength=0.1)" else "9")
            if what.startswith("3"):
                assert p_of(row["p, Holm"]) == pytest.approx(corrected[method])
            else:
                assert row["p, Holm"] == "–"
        by_language = table_of(section, "spread-languages")
        levene = {code: float(stats.levene(ours[:, i], theirs[:, i], center="median").pvalue) for i, code in enumerate(("de", "hi", "th"))}
        for i, code in enumerate(levene):
            row = cells(by_language, code)
            assert row[method].value == pytest.approx(std(ours[:, i]) / std(theirs[:, i]))
            assert p_of(row[f"{method}, p"]) == pytest.approx(levene[code])
            assert p_of(row[f"{method}, p, Holm"]) == pytest.approx(holm(levene)[code])


def test_a_language_that_a_run_lacks_is_not_in_the_row_over_languages() -> None:
    random = np.random.default_rng(5)
    ours, theirs = random.normal(60, 2, (6, 3)), random.normal(60, 2, (6, 3))
    gapped = [
        row for row in pairs(ours, theirs) if not (row["method"] == "l2(strength=1)" and row["seed"] == 2 and row["language"] == "hi")
    ]
    section = spread.section(view(gapped))
    row = cells(table_of(section, "spread"), "l2(strength=1)", "2 languages (geometric mean)")
    assert row["ratio to vanilla"].value == pytest.approx(std_ratio(ours[:, [0, 2]], theirs[:, [0, 2]]).value)
    assert [plain(row[1]) == "–" for row in table_of(section, "spread-languages").rows] == [False, True, False]
    # The zero-shot score of the run that lacks Hindi is over the other two, of both methods.
    mine, its = ours.mean(axis=1), theirs.mean(axis=1)
    mine[2], its[2] = ours[2, [0, 2]].mean(), theirs[2, [0, 2]].mean()
    whole = cells(table_of(section, "spread"), "l2(strength=1)", "zero-shot score")
    assert whole["ratio to vanilla"].value == pytest.approx(std(mine) / std(its))


def test_one_run_in_common_is_nothing_to_compare() -> None:
    rows = run("vanilla", 0, {"en": 90.0, "de": 60.0}) + run("vanilla", 1, {"en": 91.0, "de": 61.0})
    rows += run("bitfit", 1, {"en": 80.0, "de": 50.0}) + run("bitfit", 2, {"en": 81.0, "de": 55.0})
    assert spread.section(view(rows)) is None
    assert means.section(view(rows)) is None


@pytest.mark.parametrize(("runs", "least"), [(3, "0.25"), (5, "0.062"), (6, "0.031"), (11, "0.00098"), (12, None)])
def test_few_runs_come_with_a_warning_and_the_smallest_p(runs: int, least: str | None) -> None:
    random = np.random.default_rng(runs)
    told = words(spread.section(view(pairs(random.normal(60, 2, (runs, 2)), random.normal(60, 2, (runs, 2))))))
    assert ("hardly known" in told) is (least is not None)
    if least is not None:
        assert f"Only {runs} runs" in told
        assert f"The smallest p that {runs} runs can give is {least}." in told


def test_constant_scores_have_a_reason_and_no_number() -> None:
    rows = pairs(np.full((6, 2), 50.0), np.random.default_rng(6).normal(60, 2, (6, 2)))
    section = spread.section(view(rows))
    table = table_of(section, "spread")
    assert any("all runs of a method have the same score" in note for note in table.notes)
    row = cells(table, "l2(strength=1)", "zero-shot score")
    assert [plain(row[head]) for head in ("ratio to vanilla", "p", "would have been seen")] == ["–"] * 3
    clean(section)


@pytest.mark.parametrize("runs", [2, 4, 7, 8, 15])
def test_a_method_that_changes_nothing_has_a_ratio_of_one(runs: int) -> None:
    """As l2 with a strength of 0 does."""
    scores = np.random.default_rng(runs).normal(60, 2, (runs, 2))
    same = view(pairs(scores, scores, name="l2(strength=0)"))
    row = cells(table_of(spread.section(same), "spread"), "l2(strength=0)", "zero-shot score")
    assert row["ratio to vanilla"].value == pytest.approx(1.0)
    assert not re.search(r"it is (less )?stead", words(answer.section(same)))
    clean_page(chapters(same), same)


# Means


def flipped_p(differences: Floats) -> float:
    signs = np.array([*itertools.product((1, -1), repeat=len(differences))])
    return float((np.abs((signs * differences).mean(axis=1)) >= abs(differences.mean()) - 1e-12).mean())


def test_means_have_the_intervals_and_tests_of_scipy(seen: View, raw: pd.DataFrame, written: list[Chapter]) -> None:
    section = next(chapter.section for chapter in written if chapter.section.name == "means")
    table = table_of(section, "means")
    for method in (method for method in seen.results.methods if method != "vanilla"):
        _, _, ours, theirs = arrays(raw, method)
        one, other = ours.mean(axis=1), theirs.mean(axis=1)
        row, test = cells(table, method), stats.ttest_rel(one, other)
        ends = test.confidence_interval(0.95)
        assert row["zero-shot − vanilla"] == Interval(
            pytest.approx((one - other).mean()), pytest.approx(ends.low), pytest.approx(ends.high), "+.2f"
        )
        assert p_of(row["p, t"]) == pytest.approx(test.pvalue)
        assert p_of(row["p, Wilcoxon"]) == pytest.approx(stats.wilcoxon(one, other).pvalue)
        assert p_of(row["p, sign flips"]) == pytest.approx(flipped_p(one - other))
        assert not {"over runs and examples", "p, bootstrap"} & set(row)  # there are no predictions
    assert "No multi-bootstrap where not all results are from a store" in words(section)


def noted(table: Table) -> str:
    return " ".join(table.notes)


@pytest.mark.parametrize("runs", [2, 3, 5, 6, 9])
def test_tests_that_cannot_find_anything_are_said_to(runs: int) -> None:
    """Signs of n pairs have 2ⁿ equally likely patterns, two of which are all one way."""
    section = means.section(view(pairs(60 + CHANCE[:runs], 50 + OTHER[:runs])))
    note = f"Wilcoxon of l2(strength=1) can give no p below {2 / 2**runs:.2g} of so few runs"
    assert (note in noted(table_of(section, "means"))) is (runs < 6)
    assert (note.replace("Wilcoxon", "sign flips") in noted(table_of(section, "means"))) is (runs < 6)


def test_several_methods_are_said_to_be_uncorrected() -> None:
    for methods in (1, 2, 4):
        found = noted(table_of(means.section(view(several(*[3.0] * methods))), "means"))
        assert (f"not corrected for the {methods} methods" in found) is (methods > 1)
        assert (f"hold each p against {0.05 / methods:.2g}" in found) is (methods > 1)


# The multi-bootstrap from real predictions


@pytest.fixture(scope="module")
def real(cut: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with two methods × two seeds of real fine-tuning."""
    from tests.conftest import SHORT

    short = replace(SHORT, learning_rate=3e-3)
    study = Study(
        name="real",
        task="udpos",
        data=str(cut),
        methods=(Vanilla(), L2(strength=100.0)),
        settings=(short,),
        seeds=(0, 1),
        targets=("de", "hi"),
    )
    place: Path = tmp_path_factory.mktemp("sections") / "store"
    store = Store(place)
    trials = plan(study)
    store.save_study(study, trials)
    for trial in trials:
        attempt(trial, store, Resources())
    return place


def opened(place: Path) -> View:
    store = Store(place, create=False)
    return View(load(store, "real"), 1, store)


def test_the_multi_bootstrap_starts_from_the_stored_scores(real: Path) -> None:
    store, seen = Store(real, create=False), opened(real)
    found: dict[tuple[str, int, str], float] = {}
    for trial in plan(store.study("real")[0]):
        record = store.record(trial.id)
        assert record is not None
        for code in ("de", "hi"):
            found[trial.method.label, trial.seed, code] = record["scores"]["test"][code]["f1"]
    difference = {
        code: np.mean([found["l2(strength=100)", seed, code] - found["vanilla", seed, code] for seed in (0, 1)]) for code in ("de", "hi")
    }
    assert all(difference.values())  # else nothing is shown by their being equal
    section = means.section(seen)
    table = table_of(section, "means-languages")
    for code, expected in difference.items():
        assert cells(table, code)["l2(strength=100)"].value == pytest.approx(expected, abs=1e-9)
    row = cells(table_of(section, "means"), "l2(strength=100)")
    assert row["over runs and examples"].value == pytest.approx(np.mean([*difference.values()]), abs=1e-9)
    assert row["zero-shot − vanilla"].value == pytest.approx(np.mean([*difference.values()]), abs=1e-9)
    interval = row["over runs and examples"]
    assert interval.low <= interval.value <= interval.high
    assert plain(row["p, bootstrap"]) == "–"
    for name in ("means", "means-languages"):
        assert any("Of fewer than 20 runs" in note for note in table_of(section, name).notes)
    assert "Of fewer than 8 runs there is no bootstrap p, which would be small too often." in table_of(section, "means").notes
    clean_page(chapters(seen), seen)


def test_two_stores_side_by_side_have_the_multi_bootstrap_of_both(real: Path, tmp_path: Path) -> None:
    """Each side's predictions are read from its own store: l2 of the other counts with the scores that it has there."""
    shutil.copytree(real, tmp_path / "store")
    one, other = opened(real), opened(tmp_path / "store")
    store = Store(tmp_path / "store", create=False)
    trials = other.results.trials
    for _, seed in trials.groupby("seed"):  # the other's methods swap their names
        other.results.trials.loc[seed.index, "method"] = seed["method"].to_numpy()[::-1]
    names = dict(zip(trials["trial"], other.results.trials["method"], strict=True))
    scores = other.results.scores.assign(method=other.results.scores["trial"].map(names))
    swapped = View(replace(other.results, trials=other.results.trials, scores=scores), 1, store)
    both = side_by_side("one", one, "two", swapped)
    apart = means.section(one)
    section = means.section(both)
    for code in ("de", "hi"):
        expected = cells(table_of(apart, "means-languages"), code)["l2(strength=100)"].value
        row = cells(table_of(section, "means-languages"), code)
        assert row["two: vanilla"].value == pytest.approx(expected)
        assert row["two: l2(strength=100)"].value == pytest.approx(-expected)
    assert "No multi-bootstrap" not in words(section)
    with_file = side_by_side("one", one, "two", replace(swapped, store=None))
    assert "No multi-bootstrap where not all results are from a store" in words(means.section(with_file))


def test_without_predictions_there_is_a_reason(real: Path, tmp_path: Path) -> None:
    shutil.copytree(real, tmp_path / "store")
    next(iter(sorted((tmp_path / "store").glob("trials/*/predictions-*.parquet")))).unlink()
    seen = opened(tmp_path / "store")
    section = means.section(seen)
    why = "No multi-bootstrap of l2(strength=100), as predictions of some of its runs or the baseline's are not in the store."
    assert why in words(section)
    assert [table.name for table in section.tables] == ["means"]  # type: ignore[union-attr]
    assert "over runs and examples" not in table_of(section, "means").header
    clean_page(chapters(seen), seen)


# Variance


def grid_rows(scores: Floats, *, dropped: Sequence[tuple[int, int]] = ()) -> Rows:
    """Rows of vanilla from scores (languages × settings × seeds × replicates)."""
    codes = ("en", "de", "hi")
    rows: Rows = []
    for i, j, k in np.ndindex(scores.shape[1:]):  # type: ignore[misc]
        if (i, j) not in dropped:
            rows += run(
                "vanilla", j, dict(zip(codes, map(float, scores[:, i, j, k]), strict=True)), learning_rate=1e-5 * (i + 1), replicate=k
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
    names = ["setting", "seed", "setting × seed", "noise"] if replicates == 2 else ["setting", "seed", "setting × seed + noise"]
    assert table.header == ["language", "std", *names]
    assert [row[0] for row in table.rows] == ["en", "zero-shot score", "de", "hi"]
    every = np.concatenate([scores[:1], scores[1:].mean(axis=0, keepdims=True), scores[1:]])
    found = components(every)
    for i, code in enumerate(("en", "zero-shot score", "de", "hi")):
        row = cells(table, code)
        shares = zip(*(100 * part[:, i] for part in (found.shares, found.share_low, found.share_high)), strict=True)
        assert [row[name] for name in names] == [Percent(*(pytest.approx(number, abs=1e-6) for number in of)) for of in shares]
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
    assert any("no setting and seed was run twice" in note.lower() for note in table.notes) is (replicates == 1)


def test_an_incomplete_grid_is_fitted_and_said_to_be() -> None:
    scores = effects(3, 4, 3, 1, seed=2)
    rows = grid_rows(scores, dropped=[(1, 2)])
    table = table_of(variance.section(view(rows)), "variance-vanilla")
    assert any("mixed model (REML), as the grid of settings and seeds is not full" in note for note in table.notes)
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
    assert "Components by ANOVA, but of hi by a mixed model (REML)" in noted(table)
    assert "In brackets generalised 95 % intervals" in noted(table)
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
    monkeypatch.setattr("analysis.statistics.mixed_model.MOST_RUNS", 5)
    table = table_of(variance.section(view(grid_rows(effects(3, 4, 3, 1), dropped=[(1, 2)]))), "variance-vanilla")
    assert "None for en, zero-shot score, de, hi: there are more than 5 runs on a grid that is not full." in table.notes


def test_methods_that_the_variance_figure_leaves_out_are_named() -> None:
    rows = grid_rows(effects(3, 4, 3, 1))
    methods = [f"l2(strength={n})" for n in range(1, 6)]
    every = [*rows, *({**row, "method": method} for method in methods for row in rows)]
    every += run("bitfit", 0, {"en": 80.0, "de": 60.0, "hi": 50.0}, learning_rate=1e-5, replicate=0)
    every += run("bitfit", 1, {"en": 81.0, "de": 62.0, "hi": 53.0}, learning_rate=1e-5, replicate=0)  # one component: nothing to tell apart
    section = variance.section(view(every))
    assert section is not None
    (picture,) = (part for part in section.parts if isinstance(part, Picture))
    for text in (picture.caption, picture.alt):
        assert "Not shown, but in tables below: l2(strength=4), l2(strength=5), bitfit." in text
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
        (Percent(58.6, 20.2, 81.4), "59 % [20, 81]", r"$59\,\%\;[20, 81]$", {"percent": 58.6, "low": 20.2, "high": 81.4}),
        (Percent(4.24, 0.0, 100.0), "4.2 % [0, 100]", r"$4.2\,\%\;[0, 100]$", {"percent": 4.24, "low": 0.0, "high": 100.0}),
        (Percent(58.6), "59 %", r"$59\,\%$", {"percent": 58.6}),
    ],
)
def test_shares_have_their_interval_in_every_format(cell: Percent, text: str, tex: str, numbers: dict[str, float]) -> None:
    table = Table("shares", "Shares", ["of"], [[cell]])
    assert (cell.plain(), cell.markdown(), str(cell.html()), cell.latex(), cell.numbers()) == (text, text, text, tex, numbers)
    assert table.frame().to_dict("records") == [{f"of {name}": number for name, number in numbers.items()}]


def factorial(levels: Sequence[tuple[float, int]], seed: int = 0) -> tuple[Rows, dict[tuple[float, int], float]]:
    """Two seeds of vanilla at settings of learning rate and warmup, and the settings' mean scores in English."""
    random = np.random.default_rng(seed)
    rows: Rows = []
    means_: dict[tuple[float, int], float] = {}
    for rate, warmup in levels:
        english = [float(80 + 1e5 * rate + warmup / 100 + random.normal()) for _ in range(2)]
        means_[rate, warmup] = float(np.mean(english))
        for i, value in enumerate(english):
            rows += run("vanilla", i, {"en": value, "de": value - 20 + float(random.normal())}, learning_rate=rate, warmup_steps=warmup)
    return rows, means_


def test_hyperparameters_on_a_full_grid_have_the_shares_of_an_anova() -> None:
    from statsmodels.formula.api import ols
    from statsmodels.stats.anova import anova_lm

    rows, mean = factorial([*itertools.product((1e-5, 2e-5), (0, 100, 500))])
    table = table_of(variance.section(view(rows)), "hyperparameters")
    frame = pd.DataFrame([{"a": str(rate), "b": str(warmup), "y": y} for (rate, warmup), y in mean.items()])
    # With one mean a cell the interaction is what the two leave.
    squares = anova_lm(ols("y ~ C(a) + C(b)", frame).fit())["sum_sq"]
    shares = dict(zip(("learning rate", "warmup steps", "learning rate × warmup steps"), squares / squares.sum(), strict=True))
    for name, share in shares.items():
        assert cells(table, name)["vanilla, en"] == Percent(pytest.approx(100 * share))
    assert any("exact (ANOVA of a full grid)" in note for note in table.notes)


def test_hyperparameters_that_move_together_are_named() -> None:
    rows, _ = factorial([(1e-5, 0), (2e-5, 100), (3e-5, 500)])
    table = table_of(variance.section(view(rows)), "hyperparameters")
    assert "learning rate, warmup steps change together: nothing tells their effects apart." in table.notes
    assert [row[0] for row in table.rows] == ["learning rate + warmup steps"]


def by_seed(levels: Sequence[tuple[float, int]], seeds: Callable[[int], Sequence[int]]) -> View:
    """Runs of vanilla whose score is its learning rate's and its seed's, whatever the warmup, which has these seeds."""
    rows: Rows = []
    for rate, warmup in levels:
        for seed in seeds(warmup):
            value = 80 + 1e5 * rate + 5 * seed
            rows += run("vanilla", seed, {"en": value, "de": value - 20}, learning_rate=rate, warmup_steps=warmup)
    return view(rows)


def test_missing_seeds_are_no_hyperparameter() -> None:
    """With warmup two seeds are missing: warmup has no effect, and is not said to have one."""
    levels = [*itertools.product((1e-5, 2e-5, 3e-5), (0, 100))]
    table = table_of(variance.section(by_seed(levels, lambda warmup: range(2 if warmup else 4))), "hyperparameters")
    assert cells(table, "warmup steps")["vanilla, en"].percent == pytest.approx(0, abs=1e-9)
    assert cells(table, "learning rate")["vanilla, en"].percent == pytest.approx(100)
    assert "vanilla: over the 2 of 4 seeds that all of its settings have, so that they differ by no seed." in table.notes
    full = table_of(variance.section(by_seed(levels, lambda warmup: range(4))), "hyperparameters")
    assert "all of its settings have" not in noted(full)
    section = variance.section(by_seed(levels, lambda warmup: (2, 3) if warmup else (0, 1)))
    assert "hyperparameters" not in [table.name for table in section.tables]  # type: ignore[union-attr]
    assert "Which hyperparameter it is cannot be said: no seed has a complete run at all of the settings" in words(section)


def test_a_few_settings_that_are_no_full_grid_have_a_reason() -> None:
    section = variance.section(by_seed([(1e-5, 0), (2e-5, 0), (1e-5, 100)], lambda warmup: range(3)))
    assert "hyperparameters" not in [table.name for table in section.tables]  # type: ignore[union-attr]
    why = "there are fewer than 10 settings, and they are no full grid."
    assert f"Which hyperparameter it is cannot be said: {why}" in words(section)


# Equal source scores, profiles


def test_equal_source_and_profiles_are_those_of_the_runs() -> None:
    random = np.random.default_rng(9)
    english = 85 + random.normal(0, 0.6, 8)
    targets = random.normal(60, 3, (8, 2))
    dev = random.permutation(8) + 80.0
    rows: Rows = []
    for seed in range(8):
        rows += run("vanilla", seed, {"en": english[seed], "de": targets[seed, 0], "hi": targets[seed, 1]}, dev=float(dev[seed]))
    for seed, code in itertools.product(range(4), ("de", "hi")):
        rows += run("ewc(strength=1)", seed, {"en": 80.0 + seed, code: 50.0 + seed}, dev=80.0, trial=f"{seed}-{code}")
    rows = [{**row, "trial": row.get("trial") or f"v{row['seed']}"} for row in rows]
    seen = view(rows)
    section = equal_source.section(seen)
    table = table_of(section, "equal-source")
    assert [row[0] for row in table.rows] == ["vanilla"]  # a run of ewc is several models
    assert "Left out: ewc(strength=1), a run of which is several trials, one a language; its en score is their mean." in table.notes
    near = [(i, j) for i, j in itertools.combinations(range(8), 2) if abs(english[i] - english[j]) <= 1]
    mean = targets.mean(axis=1)
    row = cells(table, "vanilla")
    assert row["spread of zero-shot"].value == pytest.approx(math.sqrt(np.mean([(mean[i] - mean[j]) ** 2 / 2 for i, j in near])))
    assert row["spread of en"].value == pytest.approx(math.sqrt(np.mean([(english[i] - english[j]) ** 2 / 2 for i, j in near])))
    assert row["pairs"] == str(len(near))
    assert row["largest difference"] == f"{max(abs(mean[i] - mean[j]) for i, j in near):.2f}"
    assert row["rank correlation of en and zero-shot"].value == pytest.approx(stats.spearmanr(english, mean).statistic)
    of_german = equal_source_of(english, targets).targets[0].spread
    german = cells(table_of(section, "equal-source-languages"), "de")["vanilla"]
    assert (german.value, german.low, german.high) == pytest.approx((of_german.value, of_german.low, of_german.high))

    profile = cells(table_of(profiles.section(seen), "profiles"), "vanilla")
    middle = interquartile_mean(mean)
    assert profile["mean"] == score(mean.mean(), std(mean), 8)
    assert profile["interquartile mean"].value == pytest.approx(trim_mean(mean, 0.25))
    assert (profile["interquartile mean"].low, profile["interquartile mean"].high) == pytest.approx((middle.low, middle.high))
    expected = np.mean([mean[max(some, key=lambda i: dev[i])] for some in itertools.combinations(range(8), 3)])
    assert profile["best of 3"].value == pytest.approx(expected)
    assert profile["one run"].value == pytest.approx(mean.mean())
    assert "best of 10" not in profile
    assert "(ddof=1)" in noted(table_of(profiles.section(seen), "profiles"))
    assert "(ddof=0)" in noted(table_of(profiles.section(replace(seen, ddof=0)), "profiles"))
    assert any("best en dev score" in note for note in table_of(profiles.section(seen), "profiles").notes)


def test_two_runs_are_too_few_for_both() -> None:
    few = view(pairs(np.array([[50.0], [51.0]]), np.array([[52.0], [56.0]])))
    assert equal_source.section(few) is None
    assert profiles.section(few) is None


# The answer


@pytest.fixture
def no_power(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves out the simulation of the power, for its time."""
    monkeypatch.setattr(comparison_module, "detectable_ratio", lambda ours, theirs: Detectable(0.5, len(ours)))


CHANCE = np.random.default_rng(11).normal(0, 1, (12, 3))
OTHER = np.random.default_rng(12).normal(0, 1, (12, 3))


def told(rows: Sequence[Mapping[str, Any]], **options: Any) -> str:
    return words(answer.section(view(rows, **options)))


def test_it_is_steadier() -> None:
    ours, theirs = 60 + 0.3 * CHANCE[:8], 60 + 3 * OTHER[:8]
    text = told(pairs(ours, theirs))
    p = swapped_p(ours, theirs)
    assert p <= 0.05
    ratio, whole = std_ratio(ours, theirs), std(ours.mean(axis=1)) / std(theirs.mean(axis=1))
    assert (
        f"over the 8 runs that both have its standard deviation is {ratio.value:.2f} times vanilla's on average over 3 target languages "
        f"(95 % interval {ratio.low:.2f} to {ratio.high:.2f}), that of the zero-shot score {whole:.2f} times: it is steadier (p = {p:.2g})."
    ) in text
    theirs_mean = theirs.mean(axis=1)
    assert "Over 8 runs (1 setting, 8 seeds) vanilla scores" in text
    assert f"{theirs_mean.mean():.2f} ± {std(theirs_mean):.2f} on average over 3 target languages" in text


def seeded(settings: int, seeds: int, spread: float) -> Rows:
    """Vanilla with a standard deviation of 1 beside a method with another, at several seeds a setting."""
    random = np.random.default_rng(settings)
    found: Rows = []
    for place, seed in itertools.product(range(settings), range(seeds)):
        for method, size in (("vanilla", 1.0), ("l2(strength=1)", spread)):
            target = random.normal(60, size, 2)
            scores = {"en": float(random.normal(90, 1)), "de": float(target[0]), "hi": float(target[1])}
            found += run(method, seed, scores, learning_rate=1e-5 * (place + 1))
    return found


@pytest.mark.parametrize(
    ("settings", "seeds", "words_on_others"),
    [
        (3, 5, "That is of these 3 settings: so few can show nothing of others."),
        (7, 2, "So it is where whole settings are swapped (p = "),
        (12, 1, "Intervals take the settings for a sample"),
    ],
)
def test_what_is_found_at_these_settings_is_not_said_of_others(settings: int, seeds: int, words_on_others: str) -> None:
    rows = seeded(settings, seeds, 0.01)
    text = told(rows)
    assert "it is steadier (p = " in text
    assert words_on_others in text
    row = cells(table_of(spread.section(view(rows)), "spread"), "l2(strength=1)", "2 languages (geometric mean)")
    frame = (
        pd.DataFrame(rows)
        .query("language != 'en'")
        .pivot_table(index=["learning_rate", "seed"], columns=["method", "language"], values="score")
    )
    if seeds == 1:
        assert "p, other settings" not in row
        return
    places = frame.index.get_level_values("learning_rate")
    ours, theirs = (frame[method].to_numpy() for method in ("l2(strength=1)", "vanilla"))
    assert p_of(row["p, other settings"]) == pytest.approx(swap_test(ours, theirs, places).p)
    other = std_ratio(ours, theirs, places)
    assert (row["ratio, other settings"].value, row["ratio, other settings"].low) == pytest.approx((other.value, other.low), nan_ok=True)


def test_the_sources_spread_is_not_compared_where_a_run_is_several_trials() -> None:
    random = np.random.default_rng(3)
    rows: Rows = []
    for seed in range(6):
        rows += run(
            "vanilla", seed, {"en": float(random.normal(90, 1)), "de": float(random.normal(60, 2)), "hi": float(random.normal(60, 2))}
        )
        for code in ("de", "hi"):
            scores = {"en": float(random.normal(90, 1)), code: float(random.normal(60, 2))}
            rows += run("ewc(strength=1)", seed, scores, trial=f"{seed}-{code}")
    rows = [{**row, "trial": row.get("trial") or f"v{row['seed']}"} for row in rows]
    table = table_of(spread.section(view(rows)), "spread")
    assert [plain(row[1]) for row in table.rows] == ["zero-shot score", "2 languages (geometric mean)"]


def test_it_is_less_steady() -> None:
    text = told(pairs(60 + 3 * OTHER[:8], 60 + 0.05 * CHANCE[:8]))
    assert "it is less steady (p = " in text
    assert "it is steadier" not in text


def test_nothing_is_shown_and_what_would_have_been_is_said() -> None:
    ours, theirs = 60 + CHANCE[:9], 60 + OTHER[:9]
    text = told(pairs(ours, theirs))
    seen = detectable_ratio(ours, theirs).ratio
    assert f"no difference is shown (p = {swapped_p(ours, theirs):.2g});" in text
    assert f"a ratio of {seen:.2f} or less would probably (80 %) have been found" in text


def test_five_runs_can_show_nothing() -> None:
    text = told(pairs(60 + 0.001 * CHANCE[:5], 60 + 3 * OTHER[:5]))
    assert "Nothing can be shown with so few runs: the smallest p they can give is 0.062." in text
    assert "steadier" not in text


@pytest.mark.parametrize("ddof", [1, 0])
def test_one_run_has_no_spread(ddof: int) -> None:
    text = told(pairs(np.array([[50.0]]), np.array([[52.0]])), ddof=ddof)
    assert "vanilla has one run: en 90.00, zero-shot 52.00; one run has no spread." in text
    assert "l2(strength=1): too few runs" in text


def test_constant_scores_cannot_be_compared() -> None:
    text = told(pairs(np.full((8, 2), 50.0), 60 + OTHER[:8, :2]))
    assert (
        "its spread cannot be compared with vanilla's over the 8 runs that both have, as all runs of a method have the same score" in text
    )


def test_a_mean_is_higher_only_where_its_interval_says_so() -> None:
    higher = told(pairs(65 + CHANCE[:8], 60 + OTHER[:8]))
    difference = (65 + CHANCE[:8]).mean(axis=1) - (60 + OTHER[:8]).mean(axis=1)
    ends = stats.ttest_1samp(difference, 0).confidence_interval(0.95)
    assert f"Its zero-shot score is higher by {difference.mean():.2f} points (interval {ends.low:+.2f} to {ends.high:+.2f})." in higher
    assert "Its zero-shot score is lower by" in told(pairs(55 + CHANCE[:8], 60 + OTHER[:8]))
    assert "Whether its zero-shot score is higher or lower is open" in told(pairs(60 + CHANCE[:8], 60 + OTHER[:8]))


def test_a_constant_difference_of_few_runs_is_no_finding() -> None:
    """Two runs that differ by the same by chance: Student's t has nothing to measure the difference by."""
    text = told(pairs(np.array([[61.0], [66.0]]), np.array([[60.0], [65.0]])))
    assert "is higher by" not in text


def test_troubles_are_mentioned(seen: View) -> None:
    text = words(answer.section(seen))
    assert "2 runs collapsed and are included" in text
    assert "1 run of 45 failed or is missing." in text
    assert "intervals are about these settings" in text
    assert "This is without 2 collapsed runs." in words(answer.section(seen.without_collapsed()))


def several(*spreads: float, runs: int = 9) -> Rows:
    """Vanilla with a standard deviation of 3 and methods with these, all independent."""
    random = np.random.default_rng(13)
    rows: Rows = []
    for place, size in enumerate((3.0, *spreads)):
        for seed in range(runs):
            target = random.normal(60, size, 2)
            rows += run(
                f"m{place}" if place else "vanilla",
                seed,
                {"en": float(random.normal(90, 1)), "de": float(target[0]), "hi": float(target[1])},
            )
    return rows


def test_of_many_methods_only_the_findings_are_told(no_power: None) -> None:
    text = told(several(*[3.0] * 7, 0.005))
    assert "m8: over the 9 runs that both have its standard deviation is" in text
    assert "corrected for the number of methods" in text
    quiet = re.search(r"Of the other (\d) methods no difference from vanilla is shown\.", text)
    assert quiet is not None
    assert int(quiet[1]) + len(re.findall(r"m\d: over the", text)) == 8


def test_a_correction_that_no_p_can_pass_is_told_as_too_few_runs() -> None:
    """Six runs give 0.031 at the least, four methods make that 0.12: no ratio at all would have been found."""
    text = told(several(0.01, 0.01, 0.01, 0.01, runs=6))
    assert "would probably (80 %) have been found" not in text


def test_the_test_is_said_to_be_over_what_it_is_over() -> None:
    """In every run one of two languages is missing: no language can be tested over all runs."""
    rows = [
        row
        for row in pairs(60 + CHANCE[:8, :2], 60 + OTHER[:8, :2])
        if not (row["method"] != "vanilla" and row["language"] == ("de" if row["seed"] % 2 else "hi"))
    ]
    text = told(rows)
    assert "the standard deviation of its zero-shot score is" in text
    assert "on average over 2 target languages (95" not in text
    assert "corrected for" not in text


@settings(max_examples=15, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10_000),
    runs=st.integers(2, 8),
    languages=st.integers(1, 3),
    sizes=st.lists(st.sampled_from([0.001, 0.05, 0.3, 1.0, 3.0]), min_size=1, max_size=3),
    shift=st.sampled_from([0.0, 5.0]),
)
def test_steadier_is_never_said_without_test_and_interval(seed: int, runs: int, languages: int, sizes: list[float], shift: float) -> None:
    random = np.random.default_rng(seed)
    scores = {
        name: random.normal(60 + shift * (name != "v"), size, (runs, languages)) for name, size in zip("vabc", [1.0, *sizes], strict=False)
    }
    rows: Rows = []
    for name, found in scores.items():
        for i, row in enumerate(found):
            targets = dict(zip(("de", "hi", "th"), map(float, row), strict=False))
            rows += run("vanilla" if name == "v" else name, i, {"en": float(random.normal(90, 1)), **targets})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(comparison_module, "detectable_ratio", lambda ours, theirs: Detectable(0.5, len(ours)))  # only its time is missed
        parts = [part for part in answer.section(view(rows)).parts if isinstance(part, str)]  # type: ignore[union-attr]
    p = {name: swapped_p(found, scores["v"]) for name, found in scores.items() if name != "v"} if runs > 2 else {}
    corrected = holm(p)
    for part in parts:
        assert NOTHING.search(part) is None
        said = re.match(r"(\w): .*it is (steadier|less steady)", part)
        if said is None:
            continue
        name = said[1]
        ratio = std_ratio(scores[name], scores["v"])
        assert corrected[name] <= 0.05
        assert ratio.high < 1 if said[2] == "steadier" else ratio.low > 1
    for name, adjusted in corrected.items():
        ratio = std_ratio(scores[name], scores["v"])
        if adjusted <= 0.05 and (ratio.high < 1 or ratio.low > 1):  # and it is said where there are both
            assert any(re.match(rf"{name}: .*it is (steadier|less steady)", part) for part in parts)


# Beside the paper

XNLI = tuple(code for code in figures(2, "xnli")["vanilla"] if code not in ("en", "zero-shot"))


def xnli(methods: Mapping[str, float], *, encoder: str = "bert-base-multilingual-cased", task: str = "xnli", dev: bool = True) -> Rows:
    """Three seeds of methods whose target scores are around these."""
    random = np.random.default_rng(14)
    rows: Rows = []
    for (method, level), seed in itertools.product(methods.items(), range(3)):
        scores: dict[str, float | None] = {"en": 80 + level / 100 + seed}
        scores |= {code: float(level + random.normal(0, 0.1)) for code in XNLI}
        rows += run(method, seed, scores, dev=80 + level / 100 if dev else None, encoder=encoder, task=task)
    return rows


def test_the_papers_encoder_has_the_papers_figures_beside_it() -> None:
    rows = xnli({"vanilla": 64.0, "l2(strength=0.1)": 67.0})
    section = published.section(view(rows))
    table = table_of(section, "published-02")
    frame = pd.DataFrame(rows)
    theirs = figures(2, "xnli")
    for method, name in (("vanilla", "vanilla"), ("l2(strength=0.1)", "l2")):
        mine = frame[(frame["method"] == method) & (frame["split"] == "test")]
        for code in ("en", *XNLI):
            of = mine[mine["language"] == code]["score"]
            row = cells(table, name, code)
            assert row["ours"] == Score(pytest.approx(of.mean()), pytest.approx(std(of)), 1, 1)
            assert row["the paper"].mean == theirs[name][code]
            assert row["ours − the paper's"].value == pytest.approx(of.mean() - theirs[name][code])
            assert row["our runs"] == "3"
        average = mine[mine["language"] != "en"].groupby("seed")["score"].mean()
        row = cells(table_of(section, "published-01"), name, "zero-shot")
        assert row["ours − the paper's"].value == pytest.approx(average.mean() - figures(1, "xnli")[name]["zero-shot"])
    assert "directions can be compared" not in words(section)


def test_other_encoders_only_where_asked_and_other_tasks_not_at_all() -> None:
    rows = xnli({"vanilla": 64.0}, encoder="embedded")
    assert published.section(view(rows)) is None
    assert "these of the encoder embedded: directions can be compared, levels cannot" in words(
        published.section(view(rows, published=True))
    )
    own = xnli({"vanilla": 64.0}, task="mine")
    assert published.section(view(own)) is None
    text = words(published.section(view(own, published=True)))
    assert "The paper has no results on the task 'mine'; it has xnli, panx, udpos, pawsx." in text


def test_claims_go_by_direction() -> None:
    sentence = "Fine-tuning with L2-distance regularization outperforms vanilla fine-tuning across all four tasks."
    for level, verdict in ((67.0, "holds"), (61.0, "does not hold")):
        rows = xnli({"vanilla": 64.0, "l2(strength=0.1)": level})
        frame = pd.DataFrame(rows)
        mean = frame[(frame["split"] == "test") & (frame["language"] != "en")].groupby("method")["score"].mean()
        row = cells(table_of(published.section(view(rows)), "claims-best"), sentence)
        assert (row["direction"], row["what is compared"]) == (verdict, "zero-shot score, points: l2 above vanilla")
        assert (row["the first"].value, row["the second"].value) == pytest.approx((mean["l2(strength=0.1)"], mean["vanilla"]))


def test_claims_on_languages_count_them_and_say_which() -> None:
    scores = {"vanilla": 64.0, "l2(strength=0.1)": 67.0, "ewc(strength=1)": 60.0}
    rows = [{**row, "score": 10.0} if row["method"].startswith("l2") and row["language"] == "sw" else row for row in xnli(scores)]
    table = table_of(published.section(view(rows)), "claims-best")
    sentence = "w/ L2 consistently performs better for all the languages than vanilla fine-tuning and w/ EWC."
    for base in ("vanilla", "ewc"):
        row = cells(table, sentence, "5.1", f"languages: l2 above {base}")
        assert [plain(row[head]) for head in ("the first", "the second", "direction", "note")] == [
            f"{len(XNLI) - 1}", f"{len(XNLI)}", "does not hold", "not in sw"
        ]  # fmt: skip
    assert any("Of languages the first figure is the number that bear it out" in note for note in table.notes)


def test_sensitivity_is_of_settings_that_the_baseline_has_too() -> None:
    paper: dict[str, Any] = {"encoder": "bert-base-multilingual-cased", "task": "xnli"}
    rates: dict[str, list[float]] = {"vanilla": [COLD], "l2(strength=1)": [WARM]}

    def names(rates: Mapping[str, Sequence[float]]) -> tuple[set[str], str, Section]:
        section = published.section(view(at_rates(rates, **paper)))
        assert section is not None
        return {table.name for table in section.tables}, words(section), section

    several = {"published-03", "published-04", "claims-sensitivity"}
    assert not names(rates)[0] & several
    assert not names({"vanilla": [COLD], "l2(strength=1)": [COLD, WARM]})[0] & {"claims-sensitivity"}
    found, text, section = names({"vanilla": [COLD, WARM], "l2(strength=1)": [WARM, HOT]})
    assert "Settings of l2: 2, of vanilla: 2, of both: 1; l2 is left out of the figures over several settings." in text
    assert {(row[0], plain(row[3]) == "–") for row in table_of(section, "published-03").rows} == {("vanilla", False), ("l2", True)}
    assert not any("l2" in plain(row[2]) for row in table_of(section, "claims-sensitivity").rows)
    found, text, section = names({"vanilla": [COLD, WARM, HOT], "l2(strength=1)": [COLD, WARM]})
    assert found >= several
    assert "Settings of l2: 2, of vanilla: 3, of both: 2; l2 is compared over the settings of each." in text
    found, text, section = names({"vanilla": [COLD, WARM], "l2(strength=1)": [COLD, WARM]})
    assert "of both" not in text
    assert cells(table_of(section, "published-03"), "l2", "zero-shot")["our runs"] == "4"


def test_the_extreme_is_the_largest_rate_that_the_papers_methods_have() -> None:
    paper: dict[str, Any] = {"encoder": "bert-base-multilingual-cased", "task": "xnli"}
    alone = published.section(view(at_rates({"vanilla": [COLD], "l2(strength=1)": [HOT]}, **paper)))
    assert not {table.name for table in alone.tables} & {"published-14", "claims-extreme"}  # type: ignore[union-attr]
    rows = at_rates({"vanilla": [COLD, HOT], "l2(strength=1)": [COLD, HOT, 1e-3], "bitfit": [1e-3, 1e-2]}, **paper)
    frame = pd.DataFrame(rows)
    here = frame[(frame["split"] == "test") & (frame["language"] != "en") & (frame["learning_rate"] == HOT)]
    table = table_of(published.section(view(rows)), "published-14")
    for method, name in (("vanilla", "vanilla"), ("l2(strength=1)", "l2")):
        assert cells(table, name)["ours"].mean == pytest.approx(here[here["method"] == method]["score"].mean())


# Bold


def test_nothing_is_bold_and_nothing_said_of_it_where_there_is_one_method() -> None:
    for rows in (at_rates({"vanilla": [COLD, HOT]}), at_rates({"bitfit": [COLD, HOT]})):
        seen = view(rows)
        made_of = [table for chapter in chapters(seen) for table in chapter.section.tables]
        assert {"summary", "best", "best-languages", "languages", "stress"} <= {table.name for table in made_of}
        for table in made_of:
            assert not any("Bold" in note for note in table.notes), table.name
            assert "**" not in table.markdown().partition("\n")[2], table.name


def test_what_is_bold_is_over_the_most_runs_and_languages_and_is_said() -> None:
    rows = two_rates(("vanilla", ("de", "hi")), ("l2(strength=1)", ("de", "hi")), ("ewc(strength=1)", ("de",)))
    rows = [{**row, "score": row["score"] + 1} if row["method"].startswith("l2") and row["language"] == "hi" else row for row in rows]
    seen = view(rows)
    for section, name in ((summary.section(seen), "summary"), (best.section(seen), "best")):
        table = table_of(section, name)
        assert marked(table, "zero-shot") == ["l2(strength=1)"]  # and not ewc, whose 70 is of German alone
        assert marked(table, "en") == ["vanilla", "l2(strength=1)", "ewc(strength=1)"]  # as good as one another
        assert any(note.startswith("Bold: the highest mean of a column among those over the most finished runs;") for note in table.notes)
    for section, name in ((languages.section(seen), "languages"), (best.section(seen), "best-languages")):
        row = cells(table_of(section, name), "zero-shot")
        assert [row[method].best for method in seen.results.methods] == [False, True, False]
        assert any(note.startswith("Bold: the highest mean of a row") for note in table_of(section, name).notes)


@pytest.mark.parametrize(
    ("percent", "text", "tex"),
    [
        (6735.0, "×68 (n=8)", r"$\times 68$ ($n=8$)"),
        (1000.0, "×11 (n=8)", r"$\times 11$ ($n=8$)"),
        (999.4, "+999 % (n=8)", r"$+999\,\%$ ($n=8$)"),
        (-99.0, "-99 % (n=8)", r"$-99\,\%$ ($n=8$)"),
    ],
)
def test_a_large_change_reads_as_a_factor(percent: float, text: str, tex: str) -> None:
    change = Change(percent, 8)
    assert (change.plain(), change.markdown(), str(change.html()), change.latex()) == (text, text, text, tex)
    assert change.numbers() == {"percent": percent, "runs": 8}


@pytest.mark.parametrize("dev", [True, False])
def test_of_two_strengths_one_is_shown_and_named(dev: bool) -> None:
    section = published.section(view(xnli({"vanilla": 64.0, "l2(strength=0.1)": 62.0, "l2(strength=1)": 67.0}, dev=dev)))
    text = words(section)
    assert f"best source {'dev' if dev else 'test'} score: l2(strength=1)" in text
    assert cells(table_of(section, "published-01"), "l2", "zero-shot")["ours"].mean == pytest.approx(67.0, abs=0.1)


@pytest.mark.parametrize(
    ("reproduces", "numbers"), [("Table 14", {14}), ("Tables 1, 2", {1, 2}), ("Table 5", {1, 2}), ("Figure 1", {1, 2}), ("", {1, 2})]
)
def test_a_study_that_names_its_tables_is_put_beside_those(reproduces: str, numbers: set[int]) -> None:
    """One setting and three seeds: by itself that is like Tables 1 and 2, as no stress test is of one learning rate."""
    seen = view(xnli({"vanilla": 40.0, "l2(strength=0.01)": 45.0}))
    seen = replace(seen, results=replace(seen.results, about=replace(seen.results.about, reproduces=reproduces)))
    section = published.section(seen)
    assert section is not None
    found = {int(table.name.removeprefix("published-")) for table in section.tables if table.name[-2:].isdigit()}
    assert found == numbers if reproduces not in ("", "Table 5", "Figure 1") else found >= numbers


def test_ewc_is_the_papers_wherever_its_text_is_from() -> None:
    seen = view(xnli({"vanilla": 64.0, "ewc(text=wikipedia, examples=1000, strength=100)": 63.0}))
    assert cells(table_of(published.section(seen), "published-02"), "ewc", "de")["our runs"] == "3"


def test_a_comparison_of_two_studies_is_not_put_beside_the_paper() -> None:
    both = side_by_side("one", view(xnli({"vanilla": 64.0})), "two", view(xnli({"vanilla": 65.0})))
    assert published.section(replace(both, published=True)) is None
    assert any(chapter.section.name == "spread" for chapter in chapters(both))


# Labels of methods

OPTIONS: tuple[tuple[Method, str, float, str], ...] = (
    (Vanilla(), "vanilla", math.nan, "vanilla"),
    (L2(strength=0.1), "l2", 0.1, "l2"),
    (L2(strength=1e-07), "l2", 1e-07, "l2"),
    (L2(strength=0.123456789), "l2", 0.123456789, "l2"),
    (Ewc(strength=10.0), "ewc", 10, "ewc"),
    (Ewc(strength=10.0, plus=("en",)), "ewc", 10, "ewc(target+en)"),
    (Ewc(strength=5.0, plus=("en", "fr")), "ewc", 5, "ewc(target+en+fr)"),
    (Ewc(strength=10.0, mix=("en",)), "ewc", 10, "ewc(mix target-en)"),
    (Ewc(strength=1e6, examples=50, text="/some where/text"), "ewc", 1e6, "ewc(text=text, examples=50)"),
    (Bitfit(), "bitfit", math.nan, "bitfit"),
    (SoftPrompt(tokens=10), "soft_prompt", math.nan, "soft_prompt(tokens=10)"),
    (Adapter(size=16), "adapter", math.nan, "adapter(size=16)"),
    (Lora(rank=4, modules=("query", "value")), "lora", math.nan, "lora(rank=4, modules=query+value)"),
    (DecoupledL2(strength=0.01), "decoupled_l2", 0.01, "decoupled_l2"),
    (Mixout(probability=0.5), "mixout", math.nan, "mixout(probability=0.5)"),
    (LayerFreeze(layers=2), "layer_freeze", math.nan, "layer_freeze(layers=2)"),
    (LayerwiseDecay(decay=0.8), "layerwise_decay", math.nan, "layerwise_decay(decay=0.8)"),
    (WeightAveraging(steps=10), "weight_averaging", math.nan, "weight_averaging(steps=10)"),
    (
        Composed(methods=(L2(strength=0.1), LayerwiseDecay(decay=0.8))),
        "composed",
        math.nan,
        "l2(strength=0.1) + layerwise_decay(decay=0.8)",
    ),
    (
        Composed(methods=(L2(strength=0.1), WeightAveraging(epochs=1.0))),
        "composed",
        math.nan,
        "l2(strength=0.1) + weight_averaging(epochs=1)",
    ),
)


@pytest.mark.parametrize(("method", "kind", "strength", "family"), OPTIONS, ids=[method.label for method, *_ in OPTIONS])
def test_labels_of_methods_are_read_back(method: Method, kind: str, strength: float, family: str) -> None:
    assert MethodLabel.of(method.label) == MethodLabel(kind, pytest.approx(strength, nan_ok=True), family)


def test_every_method_is_among_them() -> None:
    assert {kind for _, kind, _, _ in OPTIONS} == set(METHODS)


@given(st.text(st.characters(codec="utf-8"), max_size=40) | st.from_regex(r"[\w-]+\([\w=,. +()]*\)?", fullmatch=True))
def test_any_text_is_a_label(label: str) -> None:
    found = MethodLabel.of(label)
    assert found.kind == "composed" or label.startswith(found.kind)
    if math.isnan(found.strength):
        assert found.kind != label or found.family == label
    assert MethodLabel.of(label) == replace(found, strength=pytest.approx(found.strength, nan_ok=True))


@given(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), st.floats(0, 1e9), st.dictionaries(st.sampled_from(["size", "text"]), st.integers()))
def test_made_labels_are_taken_apart(kind: str, strength: float, options: dict[str, int]) -> None:
    rest = ", ".join(f"{name}={value}" for name, value in options.items())
    found = MethodLabel.of(f"{kind}({', '.join(filter(None, [rest, f'strength={strength!r}']))})")
    assert found == MethodLabel(kind, strength, f"{kind}({rest})" if rest else kind)


# With and without collapsed runs


def test_findings_have_a_twin_without_collapsed_runs(written: list[Chapter], rows: Rows, seen: View) -> None:
    facts = {section.name for make in FACTS if (section := make(seen)) is not None}
    for chapter in written:
        readable = any(not isinstance(part, Picture) for part in chapter.section.parts)
        assert (chapter.twin is not None) is (readable and chapter.section.name not in facts), chapter.section.name
    alone = {chapter.section.name: chapter.section for chapter in chapters(view([row for row in rows if row["collapsed"] == "false"]))}
    for twin in (chapter.twin for chapter in written if chapter.twin is not None):
        theirs = list(alone[twin.name].tables)
        assert [table.name for table in twin.tables] == [f"{table.name}-without-collapsed" for table in theirs]
        for mine, other in zip(twin.tables, theirs, strict=True):
            pd.testing.assert_frame_equal(mine.frame(), other.frame())
            assert list(mine.notes) == list(other.notes)
        if twin.name != "answer":
            assert [part for part in twin.parts if isinstance(part, str)] == [p for p in alone[twin.name].parts if isinstance(p, str)]
    twins = [(chapter.section, chapter.twin) for chapter in written if chapter.twin is not None]
    changed = {whole.name for whole, twin in twins if [t.plain() for t in twin.tables] != [t.plain() for t in whole.tables]}
    assert {"summary", "spread", "means", "stress"} <= changed


@pytest.mark.parametrize("rates", [(COLD,), (COLD, HOT)])
def test_without_collapsed_runs_the_baseline_stays(rates: Sequence[float]) -> None:
    """All runs of vanilla collapsed: the twin compares nothing, rather than the others with one of themselves."""
    kept = thin(("vanilla", "l2(strength=1)", "l2(strength=2)"), rates, seeds=6)
    seen = view([{**row, "collapsed": str(row["method"] == "vanilla").lower()} for row in kept])
    assert seen.without_collapsed().baseline == "vanilla"
    text = "All runs of vanilla collapsed: without them there is nothing left to compare others with."
    made_ = chapters(seen)
    twins = {chapter.twin.name: chapter.twin for chapter in made_ if chapter.twin is not None}
    for name in ("answer", "spread", "means"):
        assert text in words(twins[name])
        assert not [*twins[name].tables]
        assert "times" not in words(twins[name])
    for name in ("summary", *(["best"] if len(rates) > 1 else [])):
        table = table_of(twins[name], f"{name}-without-collapsed")
        assert text in table.notes
        assert [plain(row[-1]) for row in table.rows] == ["–", "–"]
        assert "vanilla" in table.header[-1]
    clean_page(made_, seen)


def test_no_twin_where_no_run_collapsed(rows: Rows) -> None:
    kept = view([row for row in rows if row["collapsed"] == "false" and row["method"] in ("vanilla", "ewc(strength=10)")])
    assert all(chapter.twin is None for chapter in chapters(kept))


# Nothing is rendered that is no number

NOTHING = re.compile(r"(?<![^\W_])(nan|inf|infinity|NA|NaT)(?![^\W_])", re.IGNORECASE)


class Text(HTMLParser):
    """The text of a page and what its figures and cells are said to be; no style, no script."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.skipped, self.found = False, list[str]()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.skipped = tag in ("style", "script")
        self.found += [value or "" for name, value in attrs if name in ("alt", "data-sort-value", "aria-label")]

    def handle_endtag(self, tag: str) -> None:
        self.skipped = False

    def handle_data(self, data: str) -> None:
        self.found += [] if self.skipped else [data]


def clean(section: Section | None, *, drawn: bool = False) -> None:
    """No rendering of a section has a number that is none; nor has a figure, where it is drawn."""
    assert section is not None
    for part in section.parts:
        texts = [part] if isinstance(part, str) else []
        if isinstance(part, Picture):
            texts = [part.caption, part.alt, *(text.get_text() for axes in (part.figure.axes if drawn else []) for text in axes.texts)]
        if isinstance(part, Table):
            texts = [part.title, *part.notes, part.plain(), part.markdown(), part.latex()]
            texts += [str(text) for row in part.html_rows() for shown in row for text in (shown.content, shown.order or "")]
        for text in texts:
            assert (found := NOTHING.search(text)) is None, f"{section.name}: {found} in {text}"


def clean_page(made: Sequence[Chapter], seen: View, *, drawn: bool = False) -> None:
    """Nor has the page."""
    for section in (section for chapter in made for section in (chapter.section, chapter.twin) if section is not None):
        clean(section, drawn=drawn)
    results = seen.results
    images = {part.name: "" for chapter in made for part in chapter.section.parts if isinstance(part, Picture)}
    html = page.render(
        "report.html.j2", about=results.about, metric=results.metric, counts=results.trials["status"].value_counts().to_dict(),
        total=len(results.trials), chapters=made, images=images, ddof=seen.ddof, refresh=0,
    )  # fmt: skip
    text = " ".join(Text(html).found)
    assert (found := NOTHING.search(text)) is None, f"{found} in {text[max(0, found.start() - 200) : found.end() + 50]}"


ALL_METHODS = ("vanilla", "l2(strength=0.1)", "l2(strength=1)", "ewc(strength=10)", "ewc(target+en, strength=10)", "bitfit")


def thin(
    methods: Sequence[str] = ALL_METHODS, rates: Sequence[float] = (COLD, HOT), seeds: int = 2, codes: Sequence[str] = ("de", "hi"),
    keep: Callable[[str, float, int], bool] = lambda method, rate, seed: True, level: Callable[[np.random.Generator], float] | None = None,
) -> Rows:  # fmt: skip
    """Runs of the paper's encoder; those that are not kept failed."""
    random = np.random.default_rng(21)
    draw = level or (lambda random: float(random.normal(60, 3)))
    found: Rows = []
    for method, rate, seed in itertools.product(methods, rates, range(seeds)):
        scores = {code: draw(random) if keep(method, rate, seed) else None for code in ("en", *codes)}
        dev = 80.0 + seed if keep(method, rate, seed) else None
        found += run(
            method, seed, scores, dev=dev, learning_rate=rate, task="xnli", encoder="bert-base-multilingual-cased",
            collapsed="true" if rate == HOT and method == "vanilla" and dev is not None else "false",
        )  # fmt: skip
    return found


THIN: dict[str, Callable[[], Rows]] = {
    "one run per method": lambda: thin(rates=(COLD,), seeds=1),
    "one run per method and setting": lambda: thin(seeds=1),
    "all trials failed but one": lambda: thin(keep=lambda *run: run == ("vanilla", COLD, 0)),
    "all trials failed but one of another method": lambda: thin(keep=lambda *run: run == ("bitfit", HOT, 1)),
    "all trials failed": lambda: thin(keep=lambda *run: False),
    "the baseline failed": lambda: thin(keep=lambda method, rate, seed: method != "vanilla"),
    "a single language": lambda: thin(ALL_METHODS[:4], codes=("hi",)),
    "a single method": lambda: thin(methods=("vanilla",), seeds=3),
    "a single run": lambda: thin(methods=("l2(strength=1)",), rates=(COLD,), seeds=1),
    "all collapsed": lambda: [{**row, "collapsed": "true"} for row in thin(methods=("vanilla", "l2(strength=1)"))],
    "all scores zero": lambda: thin(methods=("vanilla", "l2(strength=1)", "l2(strength=2)"), level=lambda random: 0.0, seeds=3),
    "all scores the same": lambda: thin(methods=("vanilla", "l2(strength=1)", "l2(strength=2)"), level=lambda random: 50.0, seeds=3),
    "two kinds of scores": lambda: thin(
        methods=("vanilla", "l2(strength=1)"), level=lambda random: float(random.choice([5.0, 90.0])), seeds=3
    ),
}


DRAWN = ("one run per method", "all trials failed but one of another method", "a single language", "two kinds of scores")
"""Those whose figures are drawn too."""


@pytest.mark.parametrize(("name", "ddof"), [*((name, 1) for name in THIN), ("one run per method", 0), ("a single run", 0)])
def test_no_number_is_shown_that_is_none(name: str, ddof: int) -> None:
    seen = view(THIN[name](), ddof=ddof)
    clean_page(chapters(seen), seen, drawn=ddof == 1 and name in DRAWN)


def test_a_study_with_no_finished_trial_has_its_chapters(tmp_path: Path) -> None:
    study = synthetic.study(3, methods=(Vanilla(), L2(strength=0.1), L2(strength=1.0), Bitfit(), Ewc(strength=1.0)), rates=6, seeds=2)
    store = Store(tmp_path / "store")
    store.save_study(study, synthetic.trials(study))
    seen = View(load(store, study.name), 1, store, published=True)
    found = chapters(seen)
    clean_page(found, seen, drawn=True)
    assert "No run is complete yet" in words(found[0].section)
    assert [chapter.section.name for chapter in found][:2] == ["answer", "summary"]
    assert BestSetting.of(seen.results, "vanilla").setting == ""


def test_every_finding_is_among_these(written: list[Chapter]) -> None:
    """No section goes untested for want of results that have it."""
    other = view(THIN["one run per method and setting"]())
    named = {chapter.section.name for chapter in written}
    climbed = view(thin(("vanilla", "l2(strength=1)"), rates=(1e-5, 2e-5, 4e-5, 8e-5)))
    named |= {section.name for of in (other, climbed) for make in FINDINGS if (section := make(of)) is not None}
    assert {make.__module__.rpartition(".")[2].replace("_", "-") for make in FINDINGS} <= named
