"""The first screen for three studies with known truth: its verdicts, its numbers and its picture."""

import re
from collections.abc import Mapping

import numpy as np
import pytest

from analysis.claims.answer import answer
from analysis.claims.claim import Quantity, Scope, Verdict
from analysis.claims.sentences import WORDS
from analysis.rendering.cells import Percent
from analysis.rendering.judged import Judged, Mark
from analysis.results.view import View
from analysis.sections import next_runs
from analysis.sections.opening import Opening, opening, picture
from analysis.sections.verdict import told
from tests.helpers.claim_rows import Places, grid, normal
from tests.helpers.pages import Tags
from tests.helpers.report_rows import cells, clean, pairs, plain, std, table_of, thin, two_rates, view, words

HOT = [(setting, seed) for setting in (6, 7) for seed in range(4)]
"""Runs at the two highest of eight rates."""


def study(vanilla: float, method: float, collapsed: Mapping[str, Places] | None = None) -> View:
    """Eight rates × four seeds of two methods, with these standard deviations."""
    return view(grid(normal(3, 8, 4, vanilla=vanilla, a=method), collapsed))


def shown(seen: View) -> Opening:
    found = opening(seen)
    assert found is not None
    return found


def test_a_method_that_collapses_less_often_is_said_to_and_no_more() -> None:
    (verdict,) = shown(study(2, 2, {"vanilla": HOT})).verdicts
    assert verdict.headline == "a collapses less often, compared with vanilla."
    assert verdict.text.startswith(
        "At learning rate 0.00064 and above, vanilla collapsed in all 8 runs, a in none. a collapses less often than "
        "vanilla in these runs."
    )
    assert "Over the 24 pairs of runs in which neither collapsed, a has" in verdict.text
    assert verdict.text.count("This neither shows nor rules out a difference") == 1
    assert verdict.text.endswith("For other settings, this neither shows nor rules out a difference.")


def test_a_method_that_is_steadier_is_said_to_and_no_more() -> None:
    (verdict,) = shown(study(6, 1)).verdicts
    assert verdict.headline == "a is steadier, compared with vanilla."
    assert verdict.text.startswith("No run of either collapsed. Over 32 pairs of runs, a has")
    assert "It is steadier in these runs. Its mean zero-shot score differs by" in verdict.text


def test_a_study_without_a_collapse_says_so() -> None:
    table = shown(study(6, 1)).numbers
    assert table is not None
    assert cells(table, "a")["collapsed − vanilla"] == "none collapsed"


def test_marks_of_several_methods_are_said_to_be_corrected() -> None:
    """Else an interval without zero beside "not shown" would seem wrong."""
    said = "Marks, not intervals, are corrected for the number of methods."
    one = shown(study(2, 2)).numbers
    two = shown(view(grid(normal(3, 8, 4, vanilla=2, a=2, b=2)))).numbers
    assert one is not None
    assert two is not None
    assert not any(said in note for note in one.notes)
    assert any(said in note for note in two.notes)


def test_where_nothing_differs_nothing_is_said_to() -> None:
    (verdict,) = shown(study(2, 2)).verdicts
    assert verdict.headline == "a against vanilla: inconclusive; the runs neither show nor rule out a difference."
    assert not any(word in verdict.text for word in ("steadier", "collapses", "scores"))


def test_a_headline_has_every_finding_and_no_other(seen: View) -> None:
    found = answer(seen)
    for method in found.contrasts:
        made = told(found, method, seen.results.varied)
        claims = [found.claim(q, method, Scope.THESE) for q in (Quantity.COLLAPSE, Quantity.SPREAD)]
        for claim in (claim for claim in claims if claim is not None):
            for verdict, text in WORDS[claim.quantity].items():
                assert (text in made.headline) is (claim.verdict is verdict)


@pytest.mark.parametrize(
    ("collapsed", "expected"),
    [
        ({"vanilla": [(7, 0), (7, 1)]}, "At learning rate 0.00128, vanilla collapsed in 2 of 4 runs, a in none"),
        ({"a": [(7, 0)]}, "At learning rate 0.00128, vanilla collapsed in no run, a in 1 of 4 runs"),
        ({"a": [(6, 0)]}, "At learning rate 0.00064 and above, vanilla collapsed in no run, a in 1 of 8 runs"),
        ({"vanilla": [(0, 0)], "a": [(7, 0)]}, "vanilla collapsed in 1 of 32 runs, a in 1 of 32 runs"),
    ],
)
def test_collapse_is_placed_by_the_hyperparameter(collapsed: dict[str, Places], expected: str) -> None:
    (verdict,) = shown(study(2, 2, collapsed)).verdicts
    assert verdict.text.startswith(f"{expected}. This neither shows nor rules out a difference; 6 pairs in which one")


def test_a_switch_is_no_number_on_which_collapse_is_placed() -> None:
    rows = grid(normal(3, 2, 4, vanilla=2, a=2), {"vanilla": [(1, 0), (1, 1)]})
    switch = {1e-5 * 2**place: bool(place) for place in range(2)}
    for row in rows:
        row["bias_correction"] = switch.get(row.pop("learning_rate"))  # type: ignore[call-overload]
    assert {row["bias_correction"] for row in rows} == {True, False}
    (verdict,) = shown(view(rows)).verdicts
    assert verdict.text.startswith("vanilla collapsed in 2 of 8 runs, a in none.")


def test_the_numbers_are_those_of_the_claims() -> None:
    seen = study(6, 1, {"vanilla": HOT})
    found, table = answer(seen), shown(seen).numbers
    assert table is not None
    clean_table = cells(table, "a")
    collapse, spread, mean = (
        found.claim(*key)
        for key in (
            (Quantity.COLLAPSE, "a", Scope.THESE),
            (Quantity.SPREAD, "a", Scope.THESE),
            (Quantity.MEAN, "a", Scope.SETTINGS),
        )
    )
    assert collapse is not None
    assert spread is not None
    assert mean is not None
    assert plain(clean_table["collapsed runs"]) == "0/32 = 0 % [0, 11]"
    assert plain(cells(table, "vanilla (baseline)")["collapsed runs"]) == "8/32 = 25 % [13, 42]"
    for head, claim, factor in (
        ("collapsed − vanilla", collapse, 100),
        ("std ÷ vanilla", spread, 1),
        ("mean score − vanilla", mean, 1),
    ):
        cell = clean_table[head]
        assert isinstance(cell, Judged)
        assert (cell.value, cell.low, cell.high) == pytest.approx(
            [factor * x for x in (claim.estimate, claim.low, claim.high)]
        )
        assert cell.mark is (Mark.SHOWN if claim.shown else Mark.NOT_SHOWN)
    assert (collapse.verdict, spread.verdict) == (Verdict.LOWER, Verdict.LOWER)
    kept = normal(3, 8, 4, vanilla=6)["vanilla"][:6].reshape(24, 2)
    geometric = np.sqrt(std(kept[:, 0]) * std(kept[:, 1]))
    assert cells(table, "vanilla (baseline)")["std ÷ vanilla"].value == pytest.approx(geometric)
    assert isinstance(clean_table["collapsed runs"], Percent)


def test_a_std_without_a_ratio_over_languages_is_of_the_zero_shot_score() -> None:
    """A single pair of runs has no claim on spread."""
    one = shown(view(pairs(np.array([[50.0, 60.0]]), np.array([[55.0, 40.0]])))).numbers
    many = shown(study(6, 1)).numbers
    assert one is not None
    assert many is not None
    assert any("Standard deviations and their ratios are of the zero-shot score." in note for note in one.notes)
    assert any("ratios are geometric means over target languages." in note for note in many.notes)


def test_every_run_is_a_dot_that_names_it() -> None:
    seen = study(2, 2, {"vanilla": HOT})
    found = shown(seen)
    titles = re.findall(r"<title>(.*?)</title>", found.picture)
    runs = [title for title in titles if "seed" in title]
    assert len(runs) == 2 * 64  # in both panels
    assert sum("collapsed" in title for title in runs) == 2 * 8
    assert len(set(runs)) == 64
    row = seen.results.runs.iloc[5]
    (name,) = {title for title in runs if title.startswith(f"vanilla, {row['setting']}, seed {row['seed']}:")}
    assert f"zero-shot {row['zero_shot']:.2f}, en {row['source']:.2f}" in name
    means = [title for title in titles if title not in runs]
    assert len(means) == 4
    own = seen.results.runs.query("method == 'a'")["zero_shot"]
    assert f"a: {own.mean():.2f} ± {std(own):.2f}, 32 runs" in means
    surviving = [title for title in re.findall(r"<title>(.*?)</title>", found.surviving) if "seed" in title]
    assert len(surviving) == 2 * 56
    assert not any("collapsed" in title for title in surviving)
    (svg,) = Tags(found.picture).of("svg")
    assert svg["aria-label"].startswith("Dot plot of 64 runs: vanilla 32 runs, 8 collapsed; a 32 runs, 0 collapsed;")


def test_the_higher_a_score_the_higher_its_dot_and_the_larger_a_rate_the_farther_right() -> None:
    seen = study(6, 6)
    dots = picture(seen)
    marks = re.findall(
        r'cx="([\d.]+)" cy="([\d.]+)" r="4.2" fill="#\w+"/>'
        r"<title>a, learning_rate=([\d.e-]+), seed \d: zero-shot ([\d.]+)",
        dots.svg(),
    )
    x, y, rate, score = np.array(marks[:32], float).T
    assert np.corrcoef(y, -score)[0, 1] > 0.9999
    assert np.corrcoef(x, np.log(rate))[0, 1] > 0.999


def test_no_complete_run_has_no_first_screen() -> None:
    assert opening(view(thin(keep=lambda *run: False))) is None


def test_the_picture_cautions_where_target_languages_differ() -> None:
    caution = "different target languages are not comparable"
    apart = view(two_rates(("vanilla", ("de", "hi")), ("ewc(strength=1)", ("de",))))
    assert caution in shown(apart).caption
    assert caution not in shown(study(2, 2)).caption


def test_what_to_run_next_is_what_is_open() -> None:
    section = next_runs.section(study(2, 2, {"vanilla": [(7, 0)]}))
    clean(section)
    table = table_of(section, "next-runs")
    assert [plain(row[1]) for row in table.rows] == ["collapse", "spread", "mean score"]
    assert plain(table.rows[0][2]) == "1 : 0"
    assert plain(table.rows[0][3]) == "6 : 0 pairs of runs"
    few = next_runs.section(view(two_rates(("vanilla", ("de", "hi")), ("l2(strength=1)", ("de", "hi")), failing=())))
    assert "There are 2 seeds. With 3 or more" in words(few)
    assert "There are 2 settings: with 6 or more" in words(few)
    settled = next_runs.section(study(6, 1))
    assert settled is None or "spread" not in {plain(row[1]) for table in settled.tables for row in table.rows}
