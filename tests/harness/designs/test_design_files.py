"""Designs in study files, and what is refused."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import search_spaces
from harness import designs, ranges
from harness.common.errors import UserError
from harness.ranges import Interval, range_from
from harness.setting import Setting
from harness.study import Arm, Study
from tests.helpers.designs import CENTRE, HEAD


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ranges.uniform(2, 1), "uniform: upper: 1.0 is not allowed; give a number above the lower bound, 2"),
        (lambda: ranges.randint(3, 3), "randint: upper: 3 is not allowed; give a number above the lower bound, 3"),
        (lambda: ranges.loguniform(0, 1), "loguniform: lower: 0.0 is not allowed; give a finite number above 0"),
        (lambda: ranges.lograndint(-1, 1), "lograndint: lower: -1 is not allowed; give a whole number above 0"),
        (lambda: ranges.uniform(0, math.inf), "uniform: upper: inf is not allowed; give a finite number"),
        (lambda: ranges.uniform(math.nan, 1), "uniform: lower: nan is not allowed; give a finite number"),
        (lambda: ranges.uniform("low", 1), "uniform: lower: 'low' is not allowed; give a number"),  # type: ignore[arg-type]
        (lambda: ranges.randint(0, 1.5), "randint: upper: 1.5 is not allowed; give a whole number"),  # type: ignore[arg-type]
        (lambda: ranges.randint(0, 2**60), "is not allowed; give a number between -1e+12 and 1e+12"),
        (
            lambda: ranges.uniform(-1e308, 1e308),
            "uniform: lower: -1e+308 is not allowed; give a number between -1e+12 and 1e+12",
        ),
        (
            lambda: ranges.quniform(0, 1e12, 1e-300),
            "quniform: q: 1e-300 is not allowed; give a number of at least 0.00011102",
        ),
        (
            lambda: designs.grid(**{n: [*range(8, 408)] for n in ("max_length", "max_steps", "batch_size")}),
            "grid: 64000000 is not allowed; give lists with at most 100000 combinations",
        ),
        (
            lambda: ranges.quniform(0, 1, 0.3),
            "quniform: q: 0.3 is not allowed; give a number that both bounds, 0 and 1, are multiples of",
        ),
        (lambda: ranges.quniform(0, 1, 0), "quniform: q: 0.0 is not allowed; give a finite number above 0"),
        (
            lambda: ranges.qrandint(1, 3, 7),
            "qrandint: q: 7 is not allowed; give a number with a multiple between 1 and 3",
        ),
        (lambda: ranges.choice([]), "choice: [] is not allowed; give a list with at least one entry"),
        (lambda: ranges.grid_search([1, 1]), "grid_search: 1 is not allowed; give each entry once"),
        (lambda: range_from([], "batch_size"), "batch_size: grid_search: [] is not allowed"),
        (
            lambda: range_from({"log_uniform": [1, 2]}, "x"),
            "x: range: there is no 'log_uniform'. Did you mean 'loguniform'?",
        ),
        (lambda: range_from({"uniform": [1]}, "x"), "x: uniform: [1] is not allowed; give [lower, upper]"),
        (lambda: range_from({"quniform": [1, 2]}, "x"), "x: quniform: [1, 2] is not allowed; give [lower, upper, q]"),
        (lambda: range_from({"uniform": 1}, "x"), "x: uniform: 1 is not allowed; give a list"),
        (
            lambda: range_from({"uniform": [0, 1], "choice": [1]}, "x"),
            "is not allowed; give a mapping of one word to its arguments",
        ),
        (lambda: range_from({1: [0, 1]}, "x"), "x: range: there is no 1. Known: "),
        (lambda: Interval("unifrom", 0, 1), "range: there is no 'unifrom'. Did you mean 'uniform'?"),
        (
            lambda: designs.grid(learnin_rate=[1e-3]),
            "hyperparameter: there is no 'learnin_rate'. Did you mean 'learning_rate'?",
        ),
        (
            lambda: designs.grid(learning_rate=ranges.loguniform(1e-5, 1e-3), max_steps=1),
            "learning_rate: loguniform(1e-05, 0.001) is not allowed; give a list of values: grid goes through all of "
            "them",
        ),
        (
            lambda: designs.grid(learning_rate=["1e-3", 0.001], max_steps=1),
            "learning_rate: 0.001 is not allowed; give each entry once",
        ),
        (
            lambda: designs.one_at_a_time(CENTRE, warmup_steps=[1, "1"]),
            "warmup_steps: 1 is not allowed; give each entry once",
        ),
        (
            lambda: designs.random(points=1, seed=0, learning_rate=ranges.choice(["1e-3", 0.001])),
            "learning_rate: 0.001 is not allowed",
        ),
        (lambda: designs.grid(warmup_steps=[1]), "grid: the field 'learning_rate' is missing"),
        (
            lambda: designs.grid(learning_rate=[1e-3, "fast"], max_steps=1),
            "learning_rate: 'fast' is not allowed; give a number",
        ),
        (lambda: designs.grid(learning_rate=[1e-3, -1], max_steps=1), "grid: learning_rate: -1.0 is not allowed"),
        (lambda: designs.grid(learning_rate=[1e-3]), "grid: epochs and max_steps: None and None are not allowed"),
        (
            lambda: designs.random(points=2, seed=0, learning_rate=ranges.grid_search([1e-3]), max_steps=1),
            "learning_rate: grid_search([0.001]) is not allowed; give a range or a choice: random draws values",
        ),
        (lambda: designs.sobol(points=2, seed=0, learning_rate=1e-3, max_steps=1), "sobol: {'learning_rate': 0.001"),
        (lambda: designs.sobol(points=0, seed=0, learning_rate=ranges.uniform(0, 1)), "points: 0 is not allowed"),
        (
            lambda: designs.sobol(points=10**9, seed=0, learning_rate=ranges.uniform(0, 1)),
            "points: 1000000000 is not allowed",
        ),
        (lambda: designs.sobol(points=2, seed=-1, learning_rate=ranges.uniform(0, 1)), "seed: -1 is not allowed"),
        (lambda: designs.sobol(points="x", seed=0, learning_rate=ranges.uniform(0, 1)), "points: 'x' is not allowed"),  # type: ignore[arg-type]
        (
            lambda: designs.random(
                points=2, seed=0, learning_rate=1e-3, max_steps=1, warmup_steps=ranges.uniform(0, 9)
            ),
            "warmup_steps: uniform(0, 9) is not allowed; give a range of whole numbers, such as randint(0, 10)",
        ),
        (lambda: designs.one_at_a_time(CENTRE, learning_rat=[1]), "hyperparameter: there is no 'learning_rat'"),
        (
            lambda: designs.one_at_a_time({"max_steps": 1}, warmup_steps=[1]),
            "centre: the field 'learning_rate' is missing",
        ),
        (lambda: designs.one_at_a_time(3), "centre: 3 is not allowed; give a mapping"),  # type: ignore[arg-type]
    ],
)
def test_bad_ranges_and_designs_name_field_value_and_what_is_allowed(make: Callable[[], object], message: str) -> None:
    with pytest.raises(UserError) as error:
        make()
    assert message in str(error.value)


def load(folder: Path, chosen: str) -> Study:
    (folder / "mine.yaml").write_text(f"{HEAD}settings: {chosen}\n", encoding="utf-8")
    return search_spaces.load(str(folder / "mine.yaml"))


@pytest.mark.parametrize(
    ("chosen", "same"),
    [
        (
            "{design: sobol, points: 8, seed: 0, learning_rate: {loguniform: [1e-4, 1e-2]}, warmup_steps: "
            "{randint: [0, 20]}, max_steps: 60, batch_size: 16}",
            designs.sobol(
                points=8,
                seed=0,
                learning_rate=ranges.loguniform(1e-4, 1e-2),
                warmup_steps=ranges.randint(0, 20),
                max_steps=60,
                batch_size=16,
            ),
        ),
        (
            "{design: random, points: 3, seed: 1, learning_rate: {choice: [1e-4, 1e-3]}, weight_decay: {uniform: "
            "[0, 1]}, epochs: 1}",
            designs.random(
                3, 1, learning_rate=ranges.choice([1e-4, 1e-3]), weight_decay=ranges.uniform(0, 1), epochs=1
            ),
        ),
        (
            "{design: latin_hypercube, points: 3, seed: 1, learning_rate: {uniform: [1e-4, 1e-3]}, epochs: 1}",
            designs.latin_hypercube(3, 1, learning_rate=ranges.uniform(1e-4, 1e-3), epochs=1),
        ),
        (
            "{design: grid, learning_rate: {grid_search: [1e-3, 2e-3]}, schedule: [linear, cosine], max_steps: 60}",
            designs.grid(learning_rate=[1e-3, 2e-3], schedule=["linear", "cosine"], max_steps=60),
        ),
        (
            "{design: one_at_a_time, centre: {learning_rate: 1e-3, warmup_steps: 6, max_steps: 60, batch_size: "
            "16}, learning_rate: [2e-3]}",
            (CENTRE, replace(CENTRE, learning_rate=2e-3)),
        ),
    ],
)
def test_a_design_in_yaml_is_that_in_python(tmp_path: Path, chosen: str, same: tuple[Setting, ...]) -> None:
    study = load(tmp_path, chosen)
    assert study.settings == same
    assert isinstance(study.methods[1], Arm)
    assert study.methods[1].settings == designs.grid(learning_rate=[1e-3, 2e-3], max_steps=60)
    assert Study.from_json(json.loads(json.dumps(study.to_json()))) == study


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        (
            "{learning_rate: 1e-3, max_steps: 3}",
            "settings: the field 'design' is missing; give one of grid, one_at_a_time, random",
        ),
        ("{design: sobel, points: 8}", "settings: design: there is no 'sobel'. Did you mean 'sobol'?"),
        ("{design: [sobol]}", "settings: design: there is no ['sobol']"),
        (
            "{design: sobol, seed: 0, learning_rate: {loguniform: [1e-4, 1e-2]}}",
            "settings: the field 'points' is missing",
        ),
        ("{design: sobol, point: 8, seed: 0}", "settings: hyperparameter: there is no 'point'. Did you mean 'points'?"),
        ("{design: grid, 1: 8}", "settings: hyperparameter: there is no 1."),
        (
            "{design: sobol, points: 8, seed: 0, learning_rate: {loguniform: [0, 1e-2]}, max_steps: 1}",
            "mine.yaml:6: settings: learning_rate: loguniform: lower: 0.0 is not allowed; give a finite number above 0",
        ),
        (
            "{design: grid, learning_rate: [], max_steps: 1}",
            "settings: learning_rate: grid_search: [] is not allowed; give a list",
        ),
        ("3", "settings: 3 is not allowed; give a list"),
    ],
)
def test_bad_designs_in_yaml(tmp_path: Path, chosen: str, message: str) -> None:
    with pytest.raises(UserError) as error:
        load(tmp_path, chosen)
    assert message in str(error.value)
