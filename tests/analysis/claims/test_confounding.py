"""Methods whose runs differ in more than the method, from records on disk."""

import json
import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from analysis.claims.confounding import Confounding, confounding
from analysis.results.comparison import Comparison
from analysis.results.frame import PAIR
from analysis.results.from_store import load
from analysis.results.merge import side_by_side
from analysis.results.view import View
from harness.execution.plan import plan
from harness.methods import L2, Ewc, Method, Vanilla
from harness.store.store import Store
from harness.study import Arm, Study, TrialConfig
from tests.helpers import synthetic
from tests.helpers.altered import altered
from tests.helpers.report_rows import made, run
from tests.helpers.sweeps import run as run_study

L2_NAME = "l2(strength=0.1)"
STUDY = synthetic.study(2, methods=(Vanilla(), L2(strength=0.1)), rates=2, seeds=6, name="mixed")
# There are 12 pairs of runs. Two trials of vanilla have failed or are missing.
COMPLETE = 10


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return synthetic.store(tmp_path / "store", STUDY, histories=False)


def trials(method: type[Method], seeds: Iterable[int] = range(6), study: Study = STUDY) -> list[TrialConfig]:
    return [trial for trial in synthetic.trials(study) if isinstance(trial.method, method) and trial.seed in {*seeds}]


def found(store: Store) -> Confounding | None:
    return confounding(load(store, "mixed"), L2_NAME, "vanilla")


def confounded(store: Store) -> Confounding:
    there = found(store)
    assert there is not None
    return there


def test_methods_from_two_machines_are_fully_confounded(store: Store) -> None:
    assert found(store) is None
    altered(store, trials(Vanilla), device="A100", packages={"torch": "2.5.1"})
    altered(store, trials(L2), device="H100", packages={"torch": "2.6.0"})
    there = confounded(store)
    assert there.full
    assert not there.restrictable
    assert there.facts == "device and torch"
    assert (there.pairs, len(there.agreeing)) == (COMPLETE, 0)
    assert [(one.ours, one.theirs, one.pairs) for one in there.differences] == [
        ({"H100": 12}, {"A100": 10}, COMPLETE),
        ({"2.6.0": 12}, {"2.5.1": 10}, COMPLETE),
    ]
    assert there.sentence == (
        f"No run of {L2_NAME} has the same device (vanilla: A100; {L2_NAME}: H100) or torch (vanilla: 2.5.1; "
        f"{L2_NAME}: 2.6.0) as a run of vanilla. A difference may come from these facts, not from the method."
    )


def test_facts_that_differ_in_part_of_the_runs_are_told_too(store: Store) -> None:
    altered(store, trials(Vanilla), device="A100")
    altered(store, trials(L2), device="H100")
    altered(store, trials(L2, (3, 4)), packages={"torch": "2.6.0"})
    there = confounded(store)
    assert there.full
    assert there.facts == "device and torch"
    assert f"as a run of vanilla. They also differ in torch (vanilla: none; {L2_NAME}: " in there.sentence
    assert there.sentence.endswith("A difference may come from these facts, not from the method.")


def test_half_the_seeds_on_another_machine_leave_the_other_pairs(store: Store) -> None:
    altered(store, trials(L2, (3, 4)), packages={"transformers": "5.0"})
    there = confounded(store)
    assert not there.full
    assert there.restrictable
    (difference,) = there.differences
    assert (difference.fact, difference.ours, difference.theirs) == (
        "transformers",
        {"none": 8, "5.0": 4},
        {"none": COMPLETE},
    )
    assert (difference.pairs, there.pairs, len(there.agreeing)) == (3, 10, 7)
    assert there.sentence == (
        f"{L2_NAME} and vanilla differ in transformers (vanilla: none; {L2_NAME}: none in 8, 5.0 in 4). They are "
        "compared on the 7 of 10 pairs of runs that agree in all of this."
    )
    altered(store, trials(L2, (2, 5)), packages={"transformers": "5.0"})
    fewer = confounded(store)
    assert (len(fewer.agreeing), fewer.restrictable) == (4, False)
    assert "The 4 of 10 pairs of runs that agree in all of this are too few to be compared alone." in fewer.sentence


def test_a_restricted_comparison_uses_the_agreeing_pairs(store: Store) -> None:
    altered(store, trials(L2, (3, 4)), git={"commit": "c" * 40, "dirty": False})
    results = load(store, "mixed")
    comparison = Comparison.of(results, L2_NAME, "vanilla")
    restricted = comparison.restricted_to(confounded(store).agreeing)
    assert restricted.runs == 7
    assert not {3, 4} & {*restricted.ours.index.get_level_values("seed")}
    assert list(restricted.ours.index) == list(restricted.theirs.index)
    pd.testing.assert_frame_equal(restricted.theirs, comparison.theirs.loc[restricted.ours.index])
    assert len(restricted.zero_shot[0]) == 7
    assert comparison.restricted_to(pd.MultiIndex.from_tuples([], names=PAIR)).runs == 0


def test_an_upgrade_during_a_study_does_not_confound_if_pairs_share_versions(store: Store) -> None:
    for method in (Vanilla, L2):
        altered(store, trials(method, (0, 1, 2)), packages={"torch": "2.5.1"}, device="A100")
    assert found(store) is None


def test_one_run_of_many_and_names_and_times_do_not_confound(store: Store) -> None:
    altered(store, trials(L2, (0,))[:1], device="A100")
    assert found(store) is None
    altered(store, trials(L2), finished="2027-01-01T00:00:00+00:00", python="3.12")
    assert found(store) is None


def test_the_number_of_threads_counts_on_a_cpu_alone(store: Store) -> None:
    altered(store, trials(L2), threads=8)
    assert found(store) is None  # irrelevant on a device that is no CPU
    altered(store, trials(L2) + trials(Vanilla), device="cpu (AVX2)", processor="X")
    assert confounded(store).facts == "threads"
    altered(store, trials(L2), threads=1, processor="Y")
    assert confounded(store).facts == "processor"
    altered(store, trials(Vanilla, (0,)), processor="")  # as in an older record
    assert found(store) is None


def test_code_is_compared_by_hash_if_all_records_have_a_hash(store: Store) -> None:
    altered(store, trials(L2), git={"commit": "c" * 40, "dirty": False})
    assert confounded(store).facts == "code"
    assert "commit cccccccccccc" in confounded(store).sentence
    altered(store, trials(L2) + trials(Vanilla), code="1" * 16)
    assert found(store) is None  # commits differ, but not in the code of harness
    altered(store, trials(L2), code="2" * 16)
    assert confounded(store).facts == "code"


def test_runs_of_several_trials_agree_if_all_trials_agree(tmp_path: Path) -> None:
    ewc = Ewc(strength=1.0, languages=("af", "ar"))
    study = replace(STUDY, methods=(Vanilla(), ewc))
    store = synthetic.store(tmp_path / "store", study, histories=False)
    of_ewc = trials(Ewc, study=study)
    assert len(of_ewc) == 24
    altered(store, of_ewc[::2], device="A100")  # one of the two languages
    there = confounding(load(store, "mixed"), ewc.arm.label, "vanilla")
    assert there is not None
    assert there.full
    assert [*there.differences[0].ours] == ["A100 + none"]


def test_without_pairs_only_the_shares_count(tmp_path: Path) -> None:
    arms = (Arm(method=Vanilla(), seeds=(10, 11, 12, 13)), L2(strength=0.1))
    study = replace(STUDY, methods=arms)
    store = synthetic.store(tmp_path / "store", study, histories=False)
    assert found(store) is None
    altered(store, trials(L2, study=study)[:6], device="A100")
    there = confounded(store)
    assert (there.pairs, len(there.agreeing), there.restrictable) == (0, 0, False)
    assert "0 pairs" not in there.sentence
    altered(store, trials(L2, study=study)[6:], device="H100")
    assert "0 pairs" not in confounded(store).sentence


def test_tables_of_results_have_no_confounding() -> None:
    rows = [row for method in ("vanilla", "l2") for row in run(method, 0, {"en": 1.0, "de": 2.0})]
    assert confounding(made(rows), "l2", "vanilla") is None


def test_real_trials_of_one_process_agree(study: Study, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    run_study(study, store)
    results = load(store, "small")
    label = results.methods[1]
    assert confounding(results, label, "vanilla") is None
    altered(store, plan(study)[1:], code="0" * 16)
    there = confounding(load(store, "small"), label, "vanilla")
    assert there is not None
    assert (there.facts, there.full, there.differences[0].ours) == ("code", True, {"hash 000000000000": 1})


def test_two_studies_side_by_side_differ_in_precision(store: Store) -> None:
    one = load(store, "mixed")
    other = replace(one, trials=one.trials.assign(precision="bf16"))
    both = side_by_side("one", View(one), "other", View(other)).results
    there = confounding(both, "other: vanilla", "one: vanilla")
    assert there is not None
    assert (there.facts, there.full) == ("precision", True)


def test_the_number_of_processes_is_a_fact(store: Store) -> None:
    """With dropout, the number of processes changes the draws."""
    joint = [replace(trial, processes=4) for trial in trials(L2)]
    for before, after in zip(trials(L2), joint, strict=True):
        old, new = (Path(store.root, "trials", trial.id) for trial in (before, after))
        if (old / "result.json").exists():
            shutil.copytree(old, new)
            record = json.loads((old / "result.json").read_text()) | {"id": after.id, "config": after.to_json()}
            (new / "result.json").write_text(json.dumps({k: v for k, v in record.items() if k != "checksum"}))
    store.save_study(STUDY, [*trials(Vanilla), *joint])
    there = confounded(store)
    assert (there.facts, there.full) == ("processes of a trial", True)
    assert [(one.ours, one.theirs) for one in there.differences] == [({"4": 12}, {"none": 10})]


@pytest.mark.parametrize("fact", ["sampling of source languages", "task", "rules of scores"])
def test_a_fact_of_only_one_study_is_a_difference(store: Store, fact: str) -> None:
    one = load(store, "mixed")
    inputs = [{**known, fact: "given"} for known in one.trials["inputs"].dropna()]
    trials = one.trials.copy()
    trials.loc[trials["inputs"].notna(), "inputs"] = pd.Series(inputs, trials.index[trials["inputs"].notna()])
    without = [{name: value for name, value in known.items() if name != fact} for known in inputs]
    bare = one.trials.copy()
    bare.loc[bare["inputs"].notna(), "inputs"] = pd.Series(without, bare.index[bare["inputs"].notna()])
    both = side_by_side("one", View(replace(one, trials=trials)), "other", View(replace(one, trials=bare))).results
    there = confounding(both, "other: vanilla", "one: vanilla")
    assert there is not None
    assert (there.facts, there.full) == (fact, True)
