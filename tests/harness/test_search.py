"""A search: what it takes, and its points and settings."""

import json
from dataclasses import replace
from typing import Any

import pytest
import yaml

from harness.common.errors import UserError
from harness.methods import Ewc
from harness.ranges import choice, quniform, randint, uniform
from harness.search import Search
from harness.study import Setting, Study
from tests.helpers.studies import LONG, SHORT, SPACE


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"trials": 3}, r"space: \{\} is not allowed; give ranges of at least one hyperparameter"),
        ({"space": {}, "trials": 3}, r"space: \{\} is not allowed"),
        ({"space": [], "trials": 3}, r"space: \[\] is not allowed"),
        (
            {"learning_rte": {"loguniform": [1e-4, 1e-2]}, "trials": 3},
            "there is no 'learning_rte'. Did you mean 'learning_rate'",
        ),
        ({"space": {"learning_rte": {"loguniform": [1e-4, 1e-2]}}, "trials": 3}, "Did you mean 'learning_rate'"),
        ({"learning_rate": {"loguniform": [1e-4, 1e-2]}}, "the field 'trials' is missing"),
        (
            {"learning_rate": {"loguniform": [1e-4, 1e-2]}, "trials": 0},
            "trials: 0 is not allowed; give a whole number of at least 1",
        ),
        ({"learning_rate": {"loguniform": [1e-4, 1e-2]}, "trials": 3, "reduction": 1}, "reduction: 1 is not allowed"),
        ({"learning_rate": {"loguniform": [1e-4, 1e-2]}, "trials": 3, "rungs": 0}, "rungs: 0 is not allowed"),
        (
            {"learning_rate": {"loguniform": [1e-4, 1e-2]}, "trials": 10**9},
            "trials: 1000000000 is not allowed; give a number of at most",
        ),
        (
            {"learning_rate": {"loguniform": [1e-4, 1e-2]}, "trials": 3, "reduction": 10**6},
            "reduction: 1000000 is not allowed; give a",
        ),
        (
            {"learning_rate": {"loguniform": [1e-4, 1e-2]}, "trials": 3, "rungs": 10**6},
            "rungs: 1000000 is not allowed; give a number of",
        ),
        (
            {"weight_decay": {"uniform": [-1e308, 1e308]}, "trials": 3},
            "weight_decay: uniform: lower: -1e[+]308 is not allowed",
        ),
        ({"learning_rate": {"loguniform": [1e-4, 1e-2]}, "trials": 3, "seed": -1}, "seed: -1 is not allowed"),
        (
            {"learning_rate": {"loguniform": [1e-2, 1e-4]}, "trials": 3},
            "learning_rate: loguniform: upper: 0.0001 is not allowed",
        ),
        (
            {"learning_rate": {"loguniform": [0, 1e-4]}, "trials": 3},
            "learning_rate: loguniform: lower: 0.0 is not allowed",
        ),
        ({"learning_rate": {"choice": []}, "trials": 3}, "learning_rate: choice"),
        ({"learning_rate": [1e-3, 1e-4], "trials": 3}, "learning_rate: .* give a range"),
        ({"learning_rate": 1e-3, "trials": 3}, "learning_rate: 0.001 is not allowed; give a range"),
        ({"batch_size": {"qlograndint": [8, 32, 8]}, "trials": 3}, "a logarithmic range without q"),
        ({"warmup_steps": {"uniform": [0, 5]}, "trials": 3}, "warmup_steps: .* give a range of whole numbers"),
        ({"epochs": {"uniform": [1, 5]}, "max_steps": {"randint": [1, 5]}, "trials": 3}, "are not allowed together"),
        (
            {"space": {"warmup_steps": {"randint": [0, 5]}}, "learning_rate": 1, "trials": 3},
            "learning_rate must not stand beside 'space'",
        ),
        (7, "search: 7 is not allowed; give a mapping"),
    ],
)
def test_what_cannot_be_searched_is_refused_with_one_line(values: object, message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        Search.from_json(values)
    assert "\n" not in str(error.value)


def test_yaml_has_the_ranges_beside_the_rest_or_under_space(searched: Study) -> None:
    ranges = "learning_rate: {loguniform: [1e-4, 1e-2]}, warmup_steps: {randint: [0, 4]}"
    for text in (f"{{{ranges}, trials: 6}}", f"{{space: {{{ranges}}}, trials: 6}}"):
        assert Study.from_json({**searched.to_json(), "search": yaml.safe_load(text)}) == searched
    assert Study.from_json(json.loads(json.dumps(searched.to_json()))) == searched
    everything = {"learning_rate": quniform(0.1, 0.5, 0.1), "schedule": choice(["linear", "cosine"]), **SPACE}
    other = replace(searched, search=Search(space=everything, trials=2, seed=5, reduction=2, rungs=4))
    assert Study.from_json(json.loads(json.dumps(other.to_json()))) == other
    assert "search" not in replace(searched, search=None).to_json()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"settings": (SHORT, LONG)}, "settings: '2 settings' is not allowed; give one"),
        ({"replicates": 2}, "replicates: 2 is not allowed"),
        (
            {"search": Search(space=SPACE, trials=60_000)},
            "search: trials: 120000 is not allowed; give at most 100000 over all methods",
        ),
        ({"methods": (Ewc(strength=1.0),)}, r"ewc.* a model for each of 2 target lang.*give the method one language"),
        ({"search": Search(space={"learning_rate": uniform(0.0, 1.0)}, trials=1)}, "learning_rate: 0.0 is not allowed"),
        (
            {"search": Search(space={"accumulation": choice([1, 3])}, trials=1)},
            "accumulation: 3 is not allowed; give a divisor",
        ),
        (
            {"search": Search(space={"accumulation": randint(1, 5)}, trials=1)},
            "accumulation: 3 is not allowed; give a divisor",
        ),
        ({"search": Search(space={"schedule": choice(["linear", "cosin"])}, trials=1)}, "Did you mean 'cosine'"),
    ],
)
def test_a_study_that_cannot_be_searched_is_refused(searched: Study, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        replace(searched, **changes)


def test_ewc_for_one_language_can_be_searched(searched: Study) -> None:
    assert replace(searched, methods=(Ewc(strength=1.0, languages=("de",)),)).search is not None


def test_a_drawn_value_is_rounded_as_designs_round_and_has_a_point_of_its_own() -> None:
    search = Search(space={**SPACE, "schedule": choice(["linear", "cosine"])}, trials=1)
    made = search.setting(LONG, {"learning_rate": 0.0012345678912345, "warmup_steps": 3, "schedule": "cosine"})
    assert made == replace(LONG, learning_rate=0.00123457, warmup_steps=3, schedule="cosine")
    assert search.point(LONG, made) == {"learning_rate": 0.00123457, "warmup_steps": 3, "schedule": "cosine"}
    assert search.setting(LONG, search.point(LONG, made) or {}) == made
    assert search.setting(LONG, {"learning_rate": 9.9999999e-3}).learning_rate == 0.01  # still within the bounds


@pytest.mark.parametrize(
    "other",
    [
        replace(LONG, learning_rate=2e-2),
        replace(LONG, warmup_steps=4),  # randint's upper bound is never drawn
        replace(LONG, batch_size=8),
        replace(LONG, max_steps=None, epochs=1.0),
    ],
)
def test_a_setting_outside_the_space_has_no_point(other: Setting) -> None:
    assert Search(space=SPACE, trials=1).point(LONG, other) is None


def test_steps_and_choices_written_as_text_find_their_points() -> None:
    search = Search(space={"epochs": choice([1, 2]), "learning_rate": choice(["1e-4", "1e-3"])}, trials=1)
    made = search.setting(LONG, {"epochs": 2, "learning_rate": "1e-4"})
    assert (made.epochs, made.max_steps, made.learning_rate) == (2.0, None, 1e-4)
    assert search.point(LONG, made) == {"epochs": 2, "learning_rate": "1e-4"}
    steps = Search(space={"max_steps": randint(5, 10)}, trials=1)
    assert steps.point(LONG, LONG) == {"max_steps": 9}
    assert steps.point(LONG, replace(LONG, max_steps=None, epochs=1.0)) is None
    grid = Search(space={"weight_decay": quniform(0.0, 0.5, 0.1)}, trials=1)
    assert grid.point(LONG, replace(LONG, weight_decay=0.3)) == {"weight_decay": 0.3}
    assert grid.point(LONG, replace(LONG, weight_decay=0.35)) is None


@pytest.mark.parametrize(
    ("total", "rungs", "reduction", "steps"),
    [
        (60, 3, 3, {7: 1, 20: 2, 60: 3}),
        (60, 1, 3, {60: 1}),
        (8, 4, 2, {1: 1, 2: 2, 4: 3, 8: 4}),
        (2, 3, 3, {1: 2, 2: 3}),  # two rungs at one step are the later one
    ],
)
def test_rungs_are_shares_of_the_steps(total: int, rungs: int, reduction: int, steps: dict[int, int]) -> None:
    assert Search(space=SPACE, trials=1, rungs=rungs, reduction=reduction).steps(total) == steps
