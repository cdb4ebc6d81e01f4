"""A study that continues with other software reports it."""

from dataclasses import replace
from pathlib import Path

from harness.common.provenance import Git, software
from harness.execution.plan import plan
from harness.execution.versions import changed
from harness.store.store import Store
from harness.study import Study
from tests.helpers.altered import altered
from tests.helpers.sweeps import run

NOW = software()


def test_the_same_software_is_no_change() -> None:
    assert changed([]) == ""
    assert changed([NOW, NOW]) == ""


def test_each_changed_fact_lists_old_values_with_their_trials() -> None:
    older = replace(NOW, packages={**NOW.packages, "torch": "2.0"})
    oldest = replace(NOW, packages={name: version for name, version in NOW.packages.items() if name != "ray"})
    assert changed([NOW, older, older, oldest]) == (
        f"3 of 4 finished trials were made with other software than this run has: torch was 2.0 in 2 and is "
        f"{NOW.packages['torch']}; ray was none in 1 and is {NOW.packages['ray']}. The report's Provenance lists the "
        "methods of each version"
    )


def test_code_is_compared_by_commit_only_if_a_record_has_no_hash() -> None:
    elsewhere = Git("a" * 40, dirty=False)
    assert changed([replace(NOW, git=elsewhere)]) == ""
    assert "code was commit aaaaaaaaaaaa in 1" in changed([replace(NOW, git=elsewhere, code="")])
    assert "code was hash 0" in changed([replace(NOW, code="0" * 16)])


def test_a_run_continued_with_other_versions_warns_once(study: Study, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    out = run(study, store)[1]
    assert "software" not in out
    altered(store, plan(study), packages={"torch": "1.0"})
    assert "software" not in run(study, store)[1]  # nothing is left to run
    more = replace(study, seeds=(0, 1))
    warning = [line for line in run(more, store)[1].splitlines() if "software" in line]
    assert warning == [
        "Warning: 2 of 2 finished trials were made with other software than this run has: torch was 1.0 in 2 and is "
        f"{NOW.packages['torch']}. The report's Provenance lists the methods of each version."
    ]
    made = [store.record(trial.id) for trial in plan(more)]
    assert all(record is not None and record.provenance.code == NOW.code for record in made)
    assert all(record is not None and record.provenance.processor for record in made)
