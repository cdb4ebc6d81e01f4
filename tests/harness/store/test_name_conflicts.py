"""A message reports another study of the same name."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.execution.plan import plan
from harness.methods import L2, Vanilla
from harness.ranges import uniform
from harness.search import Search
from harness.store import name_conflicts
from harness.store.store import Store
from harness.study import Study
from tests.helpers.studies import SHORT


def test_another_study_of_the_same_name_is_reported(study: Study, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    (trial, *_) = plan(study)
    store.save_study(study, [trial])
    assert told(replace(study, seeds=(3,), targets=("de",)), store) is None
    assert told(replace(study, name="other", question="Which?"), store) is None
    assert told(replace(study, question="Which?"), store) is None  # the same study in other words
    assert told(replace(study, question="Which?", seeds=(0, 1)), store) == (
        "the store has another study called 'small' (1 trial: ?). Its trials stay, but the record and the report of "
        "that name now belong to this study; another name keeps both"
    )


def told(study: Study, store: Store) -> str | None:
    return name_conflicts.replaced(study, plan(study), store)


@pytest.mark.parametrize(
    ("question", "changes", "another"),
    [
        ("", {"methods": (L2(strength=0.5),)}, True),
        ("", {"seeds": (3,)}, True),  # nothing says that it is the same
        ("", {"seeds": (0, 3)}, False),
        ("", {"methods": (Vanilla(), L2(strength=0.5))}, False),
        ("?", {"methods": (L2(strength=0.5),)}, True),
        ("?", {"methods": (L2(strength=0.5),), "seeds": (3,)}, True),
        ("?", {"settings": (replace(SHORT, max_steps=9),)}, False),
        (
            "?",
            {
                "settings": (replace(SHORT, max_steps=9),),
                "search": Search(space={"learning_rate": uniform(0.1, 0.2)}, trials=3),
            },
            True,
        ),
    ],
)
def test_a_namesake_without_common_trials_is_reported(
    study: Study, tmp_path: Path, question: str, changes: dict[str, Any], another: bool
) -> None:
    store, study = Store(tmp_path / "store"), replace(study, question=question)
    store.save_study(study, plan(study))
    note = told(replace(study, **changes), store)
    assert (note is not None) == another
    if note is not None:
        assert f"called 'small' (2 trials, none of them in this study{': ?' if question else ''})" in note


def test_a_continued_search_is_not_another_study(study: Study, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    searched = replace(study, question="", search=Search(space={"learning_rate": uniform(0.1, 0.2)}, trials=3))
    store.save_study(searched, [], [])
    assert told(searched, store) is None
    assert "another study" in (told(replace(searched, search=None), store) or "")
