"""The planned look of a study, from records on disk."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from analysis.claims.answer import answer
from analysis.claims.claim import Quantity
from analysis.claims.looks import Look, rounded_down, unplanned
from analysis.results.frame import PAIR
from analysis.results.from_store import load
from analysis.results.view import View
from analysis.sections.answer import section, warnings
from analysis.statistics.looks import levels, repeated_p
from harness.methods import L2, Vanilla
from harness.store.store import Store
from harness.study import Arm, Study, TrialConfig
from tests.helpers import synthetic
from tests.helpers.altered import altered, removed
from tests.helpers.report_rows import made, run

L2_NAME = "l2(strength=0.1)"
STUDY = replace(synthetic.study(2, methods=(Vanilla(), L2(strength=0.1)), rates=2, seeds=6, name="looked"), looks=3)
# There are 12 pairs. In vanilla the trial of the fourth has failed, and the trial of the sixth is missing.


def trials_of(pair: int) -> list[TrialConfig]:
    """The two trials of a pair, by its position in the study."""
    return pairs()[pair]


def pairs() -> list[list[TrialConfig]]:
    planned = synthetic.trials(STUDY)
    found: dict[tuple[object, int], list[TrialConfig]] = {}
    for trial in planned:
        found.setdefault((trial.setting, trial.seed), []).append(trial)
    return [*found.values()]


def store(folder: Path, study: Study = STUDY) -> Store:
    """A store with the whole study finished, one pair a minute, from the last pair to the first."""
    found = synthetic.store(folder / "store", study, histories=False)
    for place, trials in enumerate(reversed(pairs())):
        altered(found, trials, finished=f"2026-01-01T00:{place:02}:00+00:00")
    return found


def look(found: Store) -> Look:
    reached = Look.of(load(found, "looked"), L2_NAME, "vanilla")
    assert reached is not None
    return reached


def test_a_look_is_reached_when_its_share_of_the_runs_is_complete(tmp_path: Path) -> None:
    found = store(tmp_path)
    whole = look(found)
    assert (whole.complete, whole.planned) == (10, 11)  # one has failed, and cannot become complete
    assert (whole.reached, whole.last) == (2, False)
    assert whole.level == pytest.approx(levels([4 / 11, 8 / 11])[-1])
    assert len(whole.pairs) == 8
    assert whole.repeated_p(0.01) == repeated_p(0.01, (4 / 11, 8 / 11))
    assert "look 2 of 3; complete pairs of runs: 10 of 11" in whole.sentence
    assert "the first 8" in whole.sentence
    assert whole.sentence.endswith("at 11 pairs.")


def test_claims_use_the_runs_that_ended_first(tmp_path: Path) -> None:
    """These runs stay the same until the next look, even if other runs end in between."""
    found = store(tmp_path)
    removed(found, trials_of(0) + trials_of(1))  # the last two to end
    few = look(found)
    assert (few.complete, few.planned, few.reached) == (8, 11, 2)
    removed(found, trials_of(2)[:1])  # the pair before those
    fewer = look(found)
    assert (fewer.complete, fewer.planned, fewer.reached) == (7, 11, 1)
    assert fewer.level == pytest.approx(levels([4 / 11])[0])
    assert len(fewer.pairs) == 4
    assert set(fewer.pairs) == set(few.pairs[:4])
    assert {(seed, replicate) for _, seed, replicate in fewer.pairs} == {(seed, 0) for seed in (2, 3, 4, 5)}


def test_before_the_first_look_there_is_no_claim(tmp_path: Path) -> None:
    found = store(tmp_path)
    removed(found, [trial for pair in range(9) for trial in trials_of(pair)])
    early = look(found)
    assert (early.complete, early.reached, early.level, len(early.pairs)) == (3, 0, None, 0)
    assert early.fractions == ()
    assert early.repeated_p(1e-9) == 1
    assert "before it nothing may be claimed" in early.sentence
    removed(found, [trial for pair in range(12) for trial in trials_of(pair)])
    assert look(found).complete == 0


def test_the_last_look_has_all_runs_even_if_some_failed(tmp_path: Path) -> None:
    found = store(tmp_path)
    for trial in synthetic.trials(STUDY):
        if found.record(trial.id) is None:
            found.save_failure(trial, "ValueError: again", "")
    last = look(found)
    assert last.last
    assert (last.complete, last.planned, len(last.pairs)) == (10, 10, 10)
    assert last.level == pytest.approx(levels([0.4, 0.7, 1])[-1])
    assert last.sentence.startswith("This is the last of 3 looks: a claim needs p ≤ 0.04")


def test_with_fewer_pairs_than_looks_some_looks_coincide() -> None:
    few = Look(5, 2, 2, pd.MultiIndex.from_tuples([], names=PAIR))
    assert few.counts == (1, 1, 2, 2, 2)
    assert few.fractions == (0.5, 1.0)
    assert few.last


def test_a_study_without_looks_gets_a_warning_of_repeated_looks(tmp_path: Path) -> None:
    found = store(tmp_path, replace(STUDY, looks=None))
    results = load(found, "looked")
    assert Look.of(results, L2_NAME, "vanilla") is None
    assert "5 tests as the runs end find one in 14 %" in unplanned(results)
    assert unplanned(load(store(tmp_path / "planned"), "looked")) == ""
    assert unplanned(made(run("vanilla", 0, {"en": 1.0, "de": 2.0}))) == ""


@pytest.mark.parametrize(("value", "shown"), [(0.04628, "0.046"), (0.0120199, "0.012"), (2.0789e-4, "0.0002")])
def test_a_level_is_rounded_down(value: float, shown: str) -> None:
    assert rounded_down(value) == shown
    assert rounded_down(1.789e-5) == "1.7e-05"


def test_one_planned_look_is_the_only_one() -> None:
    pairs = pd.MultiIndex.from_product([["a"], range(8), [0]], names=PAIR)
    assert Look(1, 8, 8, pairs).sentence.startswith("This is the only planned look: a claim needs p ≤ 0.05")


def test_methods_without_a_pair_have_no_first_look() -> None:
    empty = Look(3, 0, 0, pd.MultiIndex.from_tuples([], names=PAIR))
    assert (empty.reached, empty.level) == (0, None)
    assert empty.sentence == "The study plans 3 looks, and the two methods have no pair of runs to look at."


def test_unpaired_methods_are_tested_once_when_their_runs_have_ended(tmp_path: Path) -> None:
    """Their p needs no correction for looks, and before the end they have no claim."""
    rates = synthetic.study(2, rates=4, seeds=6).settings
    arms = (Vanilla(), L2(strength=1), Arm(method=L2(strength=0.1), settings=rates[2:]))
    apart = replace(STUDY, methods=arms, settings=rates[:2])
    whole = synthetic.store(tmp_path / "whole", apart, histories=False)
    planned = View(load(whole, "looked"))
    look = Look.of(planned.results, L2_NAME, "vanilla")
    assert look is not None
    assert look.apart
    assert not look.last  # a trial of the synthetic store is missing
    assert "tested once, when all their runs have ended" in look.sentence
    assert not [claim for claim in answer(planned).claims if claim.method == L2_NAME]
    told = [*warnings(answer(planned))]
    assert f"{L2_NAME}: {look.sentence}" in told
    assert any(one.startswith("l2(strength=1): This is look 2 of 3") for one in told)
    for trial in synthetic.trials(apart):
        if whole.record(trial.id) is None:
            whole.save_failure(trial, "ValueError: again", "")
    results = load(whole, "looked")
    plain = replace(results, about=replace(results.about, looks=None))
    assert not [*warnings(answer(View(results)))]  # the last look is no warning
    assert f"{L2_NAME}: {look.sentence}" in " ".join(map(str, section(View(results)).parts))
    found, expected = (
        [
            (claim.quantity, claim.scope, claim.p, claim.least_p)
            for claim in answer(View(one)).claims
            if claim.method == L2_NAME
        ]
        for one in (results, plain)
    )
    assert found == expected
    assert any(quantity is Quantity.SPREAD and least < 1 for quantity, _, _, least in found)
