"""Two results side by side, and a report that is written while a study runs."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from analysis.report import write
from analysis.results import from_csv
from analysis.results.frame import FAILED, FINISHED, MISSING, Results
from analysis.results.from_store import load
from analysis.results.merge import side_by_side
from analysis.results.tidy import tidy
from analysis.results.view import View
from analysis.sections import languages, summary
from analysis.watch import watch
from harness.common.errors import UserError
from harness.methods import L2, Vanilla
from tests.helpers import synthetic


def results(place: Path, **options: object) -> Results:
    made = synthetic.study(
        options.pop("languages", 4), **{"methods": (Vanilla(), L2(strength=0.1)), "rates": 3, "seeds": 2, **options}
    )  # type: ignore[arg-type]
    return load(synthetic.store(place, made, histories=False), made.name)


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> View:
    return View(results(tmp_path_factory.mktemp("one") / "store"))


def moved(view: View, points: float) -> View:
    """The same results with every score raised by ``points``."""
    scores = view.results.scores
    return View(replace(view.results, scores=scores.assign(score=scores["score"] + points)))


def test_each_method_is_compared_with_the_same_of_the_other(one: View) -> None:
    both = side_by_side("before", one, "after", moved(one, 2.0))
    assert both.results.methods == [
        f"{side}: {method}" for side in ("before", "after") for method in one.results.methods
    ]
    assert {new: comparison.base for new, comparison in both.comparisons.items()} == {
        f"after: {method}": f"before: {method}" for method in one.results.methods
    }
    for comparison in both.comparisons.values():
        ours, theirs = comparison.zero_shot
        pd.testing.assert_series_equal(ours - theirs, pd.Series(2.0, index=ours.index))
    header = summary.table(both).header
    assert header[-1] == "std of zero-shot against the other"


def test_settings_of_both_are_matched_by_their_values(one: View, tmp_path: Path) -> None:
    """A study's labels name the hyperparameters that differ within it. Another study may label the same setting
    differently."""
    fewer = results(tmp_path / "store", rates=1)
    assert fewer.settings_met[0] not in one.results.settings_met
    both = side_by_side("all", one, "first", View(fewer))
    found = both.results.trials.groupby(both.results.trials["method"].str.split(": ").str[0])["setting"].agg(set)
    assert len(found["all"]) == 3
    assert len(found["first"]) == 1
    assert found["first"] < found["all"]
    assert all(comparison.runs for comparison in both.comparisons.values())


@pytest.mark.parametrize("side", [0, 1])
def test_settings_are_matched_without_a_hyperparameter_that_only_one_names(one: View, side: int) -> None:
    """Its value on the other side is unknown, so the report names it."""
    smoothed = View(replace(one.results, settings=one.results.settings.assign(label_smoothing=0.1)))
    views = (smoothed, moved(one, 2.0)) if side == 0 else (one, moved(smoothed, 2.0))
    both = side_by_side("a", views[0], "b", views[1])
    name = "ab"[side]
    assert f"Settings are matched without label_smoothing (only in {name}: 0.1)." in both.results.about.question
    assert "label_smoothing" not in both.results.settings
    alike = side_by_side("a", one, "b", moved(one, 2.0))
    assert {*both.results.settings.index} == {*alike.results.settings.index}
    assert all(comparison.runs for comparison in both.comparisons.values())
    assert "matched without" not in alike.results.about.question


def test_settings_with_other_columns_keep_their_labels(one: View) -> None:
    """A hyperparameter that varies on one side only keeps the settings apart, so nothing is matched without it."""
    varied = one.results.settings.assign(label_smoothing=0.1, dropout=range(len(one.results.settings)))
    both = side_by_side("a", View(replace(one.results, settings=varied)), "b", moved(one, 2.0))
    assert "matched without" not in both.results.about.question


def test_one_method_each_is_compared_whatever_its_name(one: View) -> None:
    def only(method: str) -> View:
        kept = one.results.trials["method"] == method
        trials = one.results.trials[kept]
        return View(
            replace(
                one.results, trials=trials, scores=one.results.scores[one.results.scores["trial"].isin(trials["trial"])]
            )
        )

    both = side_by_side("a", only("vanilla"), "b", only("l2(strength=0.1)"))
    assert both.against == {"b: l2(strength=0.1)": "a: vanilla"}


def test_languages_with_other_test_sets_are_left_out_and_named(one: View) -> None:
    def with_tests(**changed: str) -> View:
        tested = one.results.trials["test_data"].map(lambda tests: tests | changed)
        return View(replace(one.results, trials=one.results.trials.assign(test_data=tested)))

    both = side_by_side("a", one, "b", with_tests(az="other"))
    assert both.left_out == ("az",)
    assert "az" not in both.results.about.targets
    with pytest.raises(UserError, match="the test sets of the source, en, are not the same"):
        side_by_side("a", one, "b", with_tests(en="other"))
    every = dict.fromkeys(one.results.about.targets, "other")
    with pytest.raises(
        UserError, match="have no target language in common; the test sets of af, ar, az, bg are not the same"
    ):
        side_by_side("a", one, "b", with_tests(**every))


def test_languages_that_only_one_has_are_named(one: View, tmp_path: Path) -> None:
    both = side_by_side("a", one, "b", View(results(tmp_path / "store", languages=2)))
    assert both.results.about.targets == ("af", "ar")
    assert "Target languages left out: az, bg (only in a)." in both.results.about.question
    assert "left out" not in side_by_side("a", one, "b", moved(one, 2.0)).results.about.question


def test_trials_that_are_the_same_on_both_sides_are_told(one: View, tmp_path: Path) -> None:
    count = one.results.scores["trial"].nunique()
    same = side_by_side("a", one, "b", one).results.about.question
    assert f"a and b have the same {count} trials: there is nothing to compare." in same
    assert "the same" not in side_by_side("a", one, "b", moved(one, 2.0)).results.about.question
    half = one.results.scores["trial"].isin(one.results.scores["trial"].unique()[:4])
    scores = one.results.scores.assign(score=one.results.scores["score"].where(half, 0.0))
    some = side_by_side("a", one, "b", View(replace(one.results, scores=scores))).results.about.question
    assert "4 trials are the same on both sides and cannot show a difference." in some


def test_what_cannot_be_compared(one: View) -> None:
    other = replace(one.results, metric="accuracy")
    with pytest.raises(UserError, match="a has the metric 'f1' and b 'accuracy'"):
        side_by_side("a", one, "b", View(other))


def from_another_source(view: View, source: str) -> View:
    """The same results as if trained on another language."""
    results, own = view.results, view.results.source
    tests = [{**tested} for tested in results.trials["test_data"]]
    for tested in tests:
        tested[source] = tested.pop(own)
    trials = results.trials.assign(test_data=tests)
    kept = results.scores[results.scores["language"] != source]
    scores = kept.assign(language=kept["language"].replace(own, source))
    targets = tuple(code for code in results.about.targets if code != source)
    about = replace(results.about, source=source, targets=targets)
    return View(replace(results, about=about, trials=trials, scores=scores))


def test_different_sources_are_compared_on_the_targets_of_both(one: View, tmp_path: Path) -> None:
    """The scores of ``b`` differ by a constant in the targets, so its claims are known; the source has no claim."""
    both = side_by_side("a", one, "b", from_another_source(moved(one, 2.0), "de"))
    assert both.results.source == "en / de"
    assert both.results.about.targets == one.results.about.targets
    question = both.results.about.question
    assert "The sources differ: en in a, de in b." in question
    assert "Zero-shot scores are comparable in af, ar, az, bg, the common targets with equal test sets." in question
    assert "The source scores are not comparable, and are left out." in question
    assert both.results.runs["source"].isna().all()
    assert {*both.results.test["language"]} == {*one.results.about.targets}
    assert not {"en / de", "en", "de"} & {str(row[0]) for row in languages.table(both).rows}
    for method in one.results.methods:
        comparison = both.comparisons[f"b: {method}"]
        ours, theirs = comparison.zero_shot
        pd.testing.assert_series_equal(ours - theirs, pd.Series(2.0, index=ours.index))
        assert "source" not in comparison.pairs
        assert not comparison.notes
    assert not both.results.cautions
    page = write(both, tmp_path / "out").html.read_text(encoding="utf-8")
    assert "The source scores are not comparable" in page


def test_results_of_different_sources_keep_the_dev_scores_of_their_own(one: View) -> None:
    """The best settings are selected on them. ``b`` also has dev scores of a target language, as a table may."""
    two = from_another_source(one, "de")
    dev = two.results.scores[two.results.scores["split"] == "dev"]
    target = two.results.about.targets[-1]
    scores = pd.concat([two.results.scores, dev.assign(language=target, score=0.0)], ignore_index=True)
    both = side_by_side("a", one, "b", View(replace(two.results, scores=scores)))
    found = both.results.dev
    assert set(found["language"]) == {"en", "de"}
    assert len(found) == 2 * len(one.results.dev) > 0
    assert both.results.runs.query("complete")["dev"].notna().all()


def test_a_target_that_is_the_other_s_source_is_left_out(one: View) -> None:
    both = side_by_side("a", one, "b", from_another_source(one, "af"))
    assert both.results.about.targets == ("ar", "az", "bg")
    assert "Target languages left out: af (only in a)." in both.results.about.question


def test_nothing_in_common_is_refused_whatever_the_source(one: View) -> None:
    other = from_another_source(one, "af").results
    none = View(replace(other, about=replace(other.about, targets=("zz",))))
    with pytest.raises(UserError, match="a and b have no target language in common"):
        side_by_side("a", one, "b", none)


def test_the_comparison_has_a_report(one: View, tmp_path: Path) -> None:
    written = write(side_by_side("before <&>", one, "after", moved(one, 2.0)), tmp_path / "out")
    html = written.html.read_text(encoding="utf-8")
    assert "before &lt;&amp;&gt;" in html
    assert "before <&>" not in html


def test_a_watched_report_is_written_when_a_trial_has_ended(one: View, monkeypatch: pytest.MonkeyPatch) -> None:
    naps: list[float] = []
    monkeypatch.setattr("analysis.watch.time.sleep", naps.append)
    count = len(one.results.trials)
    stages = [[FINISHED] * n + [MISSING] * (count - n) for n in (1, 1, 2)] + [[FINISHED] * (count - 1) + [FAILED]]
    views = iter([View(replace(one.results, trials=one.results.trials.assign(status=stage))) for stage in stages])
    written: list[int] = []
    watch(lambda: next(views), lambda view, refresh: written.append(refresh), 7)
    assert written == [7, 7, 0]  # no rewrite if no trial has ended; the last page is final
    assert naps == [7, 7, 7]


def test_scores_by_different_rules_are_not_compared(one: View, tmp_path: Path) -> None:
    """One case is the table of a former version. The other is a table with rows of two versions."""
    scored = replace(one.results, trials=one.results.trials.assign(scorer="seqeval-0.0.12"))
    one, table = View(scored), tidy(scored)
    files = [tmp_path / name for name in ("new.csv", "former.csv", "both.csv")]
    table.to_csv(files[0], index=False)
    table.drop(columns="scorer").to_csv(files[1], index=False)
    half = table.assign(scorer=table["scorer"].where(table["seed"] == table["seed"].min(), ""))
    half.to_csv(files[2], index=False)
    side_by_side("one", one, "other", View(from_csv.read(str(files[0]))))
    with pytest.raises(UserError, match=r"one has the rules seqeval-0\.0\.12 and other does not state its rules"):
        side_by_side("one", one, "other", View(from_csv.read(str(files[1]))))
    with pytest.raises(UserError, match="the scores follow 2 rules"):
        from_csv.read(str(files[2]))
