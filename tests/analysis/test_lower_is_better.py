"""Reports on errors: the same as those on 100 − error, with every direction turned."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.claims.answer import Answer, answer
from analysis.claims.claim import Claim, Quantity, Scope, Verdict
from analysis.rendering.cells import Score
from analysis.report import chapters
from analysis.results import from_csv
from analysis.results.best_setting import BestSetting
from analysis.results.suspect_runs.far_below import suspected
from analysis.results.view import View
from analysis.sections import answer as answer_section
from analysis.sections import ladder, profiles, stress, summary, worst
from harness.common.errors import UserError
from tests.helpers.report_files import call, check_page
from tests.helpers.report_rows import cells, table_of

RATES = (1e-4, 3e-4, 1e-3, 3e-3)
METHODS = {"vanilla": 70.0, "l2(strength=0.1)": 74.0}
TURNED = {Verdict.LOWER: Verdict.HIGHER, Verdict.HIGHER: Verdict.LOWER}


def scores() -> pd.DataFrame:
    """Scores of two methods on a ladder of rates: the second is better, and breaks at a higher rate."""
    random = np.random.default_rng(3)
    rows: list[dict[str, Any]] = []
    for method, level in METHODS.items():
        for place, rate in enumerate(RATES):
            for seed in range(4):
                luck = random.normal(0, 1.0 if method == "vanilla" else 0.3) - place**2
                luck -= 30 * (rate == RATES[-1] and method == "vanilla")
                for language, easier in (("en", 9.0), ("de", 2.0), ("hi", -3.0)):
                    score = level + easier + luck + random.normal(0, 0.2)
                    rows += [
                        {"method": method, "seed": seed, "learning_rate": rate, "language": language, "split": split}
                        | {"metric": "mine", "score": score + (0.1 if split == "dev" else 0), "collapsed": "false"}
                        for split in (["dev", "test"] if language == "en" else ["test"])
                    ]
    return pd.DataFrame(rows)


def seen(frame: pd.DataFrame, folder: Path, name: str) -> View:
    frame.to_csv(folder / f"{name}.csv", index=False)
    return View(from_csv.read(str(folder / f"{name}.csv")))


@pytest.fixture(scope="module")
def views(tmp_path_factory: pytest.TempPathFactory) -> tuple[View, View]:
    """The scores, and 100 − score as a metric of which the lower are better."""
    folder, frame = tmp_path_factory.mktemp("both"), scores()
    errors = frame.assign(score=100 - frame["score"], better="lower")
    return seen(frame, folder, "right"), seen(errors, folder, "wrong")


def test_claims_are_turned_and_say_so(views: tuple[View, View]) -> None:
    right, wrong = map(answer, views)
    assert len(right.claims) == len(wrong.claims)
    for one, other in zip(right.claims, wrong.claims, strict=True):
        if one.quantity in (Quantity.MEAN, Quantity.SENSITIVITY):
            assert (other.estimate, other.low, other.high) == pytest.approx(
                (-one.estimate, -one.high, -one.low), nan_ok=True
            )
            assert other.verdict is TURNED.get(one.verdict, one.verdict)
        else:
            assert other.estimate == pytest.approx(one.estimate, nan_ok=True)
            assert other.verdict is one.verdict
    assert mean_of(right).verdict is Verdict.HIGHER
    for view, words in zip(views, ("It scores higher", "It has the better, lower score"), strict=True):
        section = answer_section.section(view)
        assert section is not None
        assert words in " ".join(part for part in section.parts if isinstance(part, str))


def mean_of(found: Answer) -> Claim:
    claim = found.claim(Quantity.MEAN, "l2(strength=0.1)", Scope.SEEDS)
    assert claim is not None
    return claim


def test_settings_and_marks_of_the_best_are_the_same(views: tuple[View, View]) -> None:
    for method in METHODS:
        right, wrong = (BestSetting.of(view.results, method) for view in views)
        assert right.setting == wrong.setting == f"learning_rate={RATES[0]:g}"
    for view in views:
        rows = {str(row[0]): row[3] for row in summary.table(view).rows}
        assert {name for name, cell in rows.items() if isinstance(cell, Score) and cell.best} == {"l2(strength=0.1)"}
    notes = [" ".join(summary.table(view).notes) for view in views]
    assert "Bold: the highest mean" in notes[0]
    assert "Bold: the lowest mean" in notes[1]


def test_the_worst_runs_have_the_highest_errors(views: tuple[View, View]) -> None:
    right, wrong = (table_of(worst.section(view), "worst") for view in views)
    for method in METHODS:
        ours, theirs = cells(right, method), cells(wrong, method)
        for head, other in (("worst run", "worst run"), ("10 % quantile", "90 % quantile"), ("worst tenth",) * 2):
            assert theirs[other].value == pytest.approx(100 - ours[head].value)
        for head in ("IQR", "Gini", "logit std"):
            assert theirs[head].value == pytest.approx(ours[head].value)


def test_expected_scores_are_turned(views: tuple[View, View]) -> None:
    right, wrong = (table_of(profiles.section(view), "profiles") for view in views)
    for method in METHODS:
        for head in ("one run", "best of 3", "best of 10"):
            assert cells(wrong, method)[head].value == pytest.approx(100 - cells(right, method)[head].value)


def test_errors_break_where_they_rise_by_a_ninth(views: tuple[View, View]) -> None:
    made = ladder.Ladder.of(views[1].results, "vanilla")
    assert made is not None
    means = made.zero_shot.mean(axis=0)
    assert made.best == means.argmin() == 0
    limit = means[0] / 0.9
    held = [max(rate for rate, error in zip(RATES, row, strict=True) if error <= limit) for row in made.zero_shot]
    cell = cells(table_of(ladder.section(views[1]), "ladder"), "vanilla")["breaking point"]
    assert cell.value == pytest.approx(math.exp(np.log(held).mean()))
    runs = views[1].results.runs[views[1].results.runs["method"] == "vanilla"]
    long = runs.assign(value=runs["setting"].map(lambda label: float(label.partition("=")[2])))
    shares = stress.kept(long, long["zero_shot"], -1)
    assert shares == pytest.approx({rate: 100 * means[0] / mean for rate, mean in zip(RATES, means, strict=True)})


def test_a_far_higher_error_may_be_a_collapse(views: tuple[View, View], tmp_path: Path) -> None:
    frame = scores().drop(columns="collapsed")
    frame = (
        frame[frame["learning_rate"] < RATES[-1]]
        .drop(columns="learning_rate")
        .drop_duplicates(["method", "seed", "language", "split"])
    )
    frame["score"] = (100 - frame["score"]) / 100
    frame.loc[(frame["method"] == "vanilla") & (frame["seed"] == 1), "score"] += 0.5
    found = seen(frame.assign(metric="rmse"), tmp_path, "errors").results
    (note,) = suspected(found)
    assert "1 of 4 runs of vanilla" in note
    assert "median absolute deviations above the method's median" in note


def test_an_error_in_its_own_unit_goes_into_a_report_and_back(tmp_path: Path) -> None:
    frame = scores()
    frame["score"] = (100 - frame["score"]) / 100
    frame.assign(metric="rmse").to_csv(tmp_path / "errors.csv", index=False)
    assert call(f"report {tmp_path / 'errors.csv'} --out {tmp_path / 'out'}") == 0
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    check_page(page)
    told = json.loads((tmp_path / "out" / "answer.json").read_text(encoding="utf-8"))
    name = "root mean squared error"
    assert told["metric"] == {"words": name, "unit": name, "better": "lower"}
    assert {claim["unit"] for claim in told["claims"] if claim["quantity"] == "mean score"} == {name}
    assert {claim["equivalent"] for claim in told["claims"] if claim["quantity"] == "mean score"} == {None}
    said = " ".join(told["sentences"])
    assert "in root mean squared error (95 % interval −0.133 to −0.099)" in said
    assert "points" not in said
    assert f"{name}, lower is better" in page
    assert "× 100" not in page
    assert call(f"report {tmp_path / 'errors.csv'} --out {tmp_path / 'two'} --equivalent-points 0.5") == 0
    claims = json.loads((tmp_path / "two" / "answer.json").read_text(encoding="utf-8"))["claims"]
    assert {one["equivalent"] for one in claims if one["quantity"] == "mean score" and one["p"] is not None} == {True}
    again = from_csv.read(str(tmp_path / "out" / "results.csv"))
    assert again.measure == from_csv.read(str(tmp_path / "errors.csv")).measure
    assert "better" not in pd.read_csv(tmp_path / "out" / "results.csv")  # the name says it


def test_the_columns_of_a_metric_are_kept(views: tuple[View, View], tmp_path: Path) -> None:
    from analysis.results.tidy import tidy

    frame = tidy(views[1].results)
    assert (set(frame["better"]), set(frame["unit"])) == ({"lower"}, {"points"})
    assert seen(frame, tmp_path, "again").results.measure == views[1].results.measure
    for column, value in (("better", "smaller"), ("unit", "metres")):
        with pytest.raises(UserError, match=rf"{column}: '{value}' is not allowed; give one of"):
            seen(frame.assign(**{column: value}), tmp_path, "odd")


def test_every_section_of_errors_has_its_words(views: tuple[View, View]) -> None:
    text = " ".join(
        part for chapter in chapters(views[1]) for part in chapter.section.parts if isinstance(part, str)
    ) + " ".join(note for chapter in chapters(views[1]) for table in chapter.section.tables for note in table.notes)
    assert "the highest mean" not in text
    assert "first rises above 111 % of that mean" in text
