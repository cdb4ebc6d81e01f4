"""The runs behind claims, from records on disk: planned looks, and differences other than the method."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from analysis.claims.answer import Answer, answer, dumped
from analysis.claims.claim import Quantity, Scope
from analysis.claims.looks import Look
from analysis.results.from_store import load
from analysis.results.view import View
from analysis.sections import answer as section
from analysis.sections import collapse
from analysis.statistics.looks import repeated_p
from harness.methods import L2, Method, Vanilla
from harness.store.store import Store
from harness.study import Arm, Study, TrialConfig
from tests.helpers import synthetic
from tests.helpers.altered import altered, removed
from tests.helpers.claim_rows import claimed
from tests.helpers.report_rows import swapped_p, words

NAME = "l2(strength=0.1)"
STUDY = synthetic.study(2, methods=(Vanilla(), L2(strength=0.1)), rates=2, seeds=6, name="made")
# There are 12 pairs of runs. In vanilla one trial has failed, one is missing, and one run collapsed.


def trials(method: type[Method], seeds: Iterable[int] = range(6), study: Study = STUDY) -> list[TrialConfig]:
    return [trial for trial in synthetic.trials(study) if isinstance(trial.method, method) and trial.seed in {*seeds}]


def seen(store: Store) -> View:
    return View(load(store, "made"), 1, store)


def found(store: Store) -> Answer:
    return answer(seen(store))


def told(store: Store) -> list[str]:
    return [part for part in section.section(seen(store)).parts if isinstance(part, str)]  # type: ignore[union-attr]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return synthetic.store(tmp_path / "store", STUDY, histories=False)


@pytest.fixture
def looked(tmp_path: Path) -> Store:
    """A store with three planned looks, whose pairs ended one after another."""
    made = synthetic.store(tmp_path / "store", replace(STUDY, looks=3), histories=False)
    for place, pair in enumerate(zip(trials(Vanilla), trials(L2), strict=True)):
        altered(made, pair, finished=f"2026-01-01T00:{place:02}:00+00:00")
    return made


def test_claims_use_the_runs_of_the_last_planned_look(looked: Store) -> None:
    made = found(looked)
    look = made.contrasts[NAME].look
    assert look is not None
    assert (look.reached, len(look.pairs), look.complete) == (2, 8, 10)
    comparison = made.contrasts[NAME].comparison
    assert {*comparison.ours.index} == {*look.pairs}
    claim = claimed(made, Quantity.SPREAD, NAME)
    ours, theirs = comparison.surviving.matrices
    alone = swapped_p(ours, theirs)
    assert claim.p == pytest.approx(repeated_p(alone, (4 / 11, 8 / 11)))
    assert claim.p > alone
    assert claim.n == len(ours) == 8 - int(comparison.collapsed.any(axis=1).sum())
    assert told(looked)[0] == look.sentence
    assert "look 2 of 3" in told(looked)[0]


def test_before_the_first_look_there_is_no_claim(looked: Store) -> None:
    """The report does not treat the few pairs so far as missing runs."""
    removed(looked, [trial for method in (Vanilla, L2) for trial in trials(method, range(1, 6))])
    made = found(looked)
    assert made.claims == ()
    parts = told(looked)
    assert "before it nothing may be claimed" in parts[0]
    text = " ".join(parts)
    assert not [word for word in ("times vanilla's", "too few runs", "unpaired", "p = ") if word in text]
    assert json.loads(dumped(made, parts))["claims"] == []


def test_without_planned_looks_the_answer_warns_of_repeated_looks(store: Store) -> None:
    assert found(store).contrasts[NAME].look is None
    assert "plans no looks" in " ".join(told(store))


def test_two_machines_are_stated_first_and_in_every_claim(store: Store) -> None:
    altered(store, trials(Vanilla), device="A100")
    altered(store, trials(L2), device="H100")
    made = found(store)
    assert {claim.confounded for claim in made.claims} == {"device"}
    assert told(store)[0] == (
        f"No run of {NAME} has the same device (vanilla: A100; {NAME}: H100) as a run of vanilla. A difference may "
        "come from this fact, not from the method."
    )
    assert all(claim["confounded"] == "device" for claim in json.loads(dumped(made, []))["claims"])


def test_claims_use_the_agreeing_pairs_if_these_suffice(store: Store) -> None:
    before = claimed(found(store), Quantity.MEAN, NAME).n
    altered(store, trials(L2, (3, 4)), packages={"torch": "9"})
    made = found(store)
    assert {claim.confounded for claim in made.claims} == {""}
    assert "They are compared on the 7 of 10 pairs of runs" in told(store)[0]
    claim = claimed(made, Quantity.MEAN, NAME)
    comparison = made.contrasts[NAME].comparison
    assert comparison.runs == 7
    assert not {3, 4} & {*comparison.ours.index.get_level_values("seed")}
    ours, theirs = comparison.surviving.zero_shot
    assert claim.n == len(ours) < before
    assert claim.estimate == pytest.approx((ours - theirs).mean())


def test_a_look_is_applied_before_the_choice_of_agreeing_pairs(looked: Store) -> None:
    altered(looked, trials(L2, (5,)), packages={"torch": "9"})
    made = found(looked)
    look = made.contrasts[NAME].look
    assert isinstance(look, Look)
    assert {*made.contrasts[NAME].comparison.ours.index} <= {*look.pairs}
    assert [part[:12] for part in told(looked)[:2]] == [f"{NAME} and vanilla"[:12], "This is look"]


def test_unpaired_methods_from_two_machines_are_reported(tmp_path: Path) -> None:
    study = replace(STUDY, methods=(Arm(method=Vanilla(), seeds=(10, 11, 12, 13)), L2(strength=0.1)))
    store = synthetic.store(tmp_path / "store", study, histories=False)
    altered(store, trials(L2, study=study), device="A100")
    made = found(store)
    claim = claimed(made, Quantity.COLLAPSE, NAME, Scope.THESE)
    assert (claim.paired, claim.confounded) == (False, "device")
    assert "device" in told(store)[0]
    assert "the runs are not paired" in " ".join(told(store))


def test_without_claims_the_section_on_collapse_counts_runs(looked: Store) -> None:
    planned = synthetic.trials(STUDY)
    fallen = planned[7]  # the collapsed run of ``synthetic.store``
    removed(looked, [trial for trial in planned if (trial.setting, trial.seed) != (fallen.setting, fallen.seed)])
    early = seen(looked)
    assert answer(early).claims == ()
    assert words(collapse.section(early)) == f"Collapsed: vanilla in 0 of 1 runs, {NAME} in 1 of 1 runs."
