"""The studies with designs that are shipped."""

import subprocess
import sys
from dataclasses import replace

import pytest

import search_spaces
from harness import designs, ranges
from tests.helpers.designs import ids

SHIPPED = ["grid", "latin-hypercube", "one-at-a-time", "random", "sobol"]


def test_the_studies_of_designs_are_listed_without_anything_heavy() -> None:
    code = (
        "import sys\nfrom harness import cli\ncli.main(['list'])\n"
        "sys.exit(str({'torch', 'ray', 'pandas', 'scipy', 'optuna'} & sys.modules.keys() or '') or 0)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    for name in SHIPPED:
        assert f"designs/{name} " in ended.stdout
        assert len(list(search_spaces.load(f"designs/{name}").runs())) == 16


def test_a_longer_grid_and_a_longer_sobol_design_have_the_trials_of_the_shorter() -> None:
    study = search_spaces.load("designs/sobol")
    ends = {
        "warmup_steps": ranges.randint(0, 21),
        "learning_rate": ranges.loguniform(3e-4, 6e-3),
        "max_steps": 60,
        "batch_size": 16,
    }
    short, long = (ids(replace(study, settings=designs.sobol(points=points, seed=0, **ends))) for points in (8, 16))
    assert short == ids(study)
    assert long[: len(short)] == short
    assert len(long) == 2 * len(short) == 32
    four, six = (
        ids(
            replace(
                study,
                settings=designs.grid(learning_rate=[3e-4, 1e-3], warmup_steps=warmups, max_steps=60, batch_size=16),
            )
        )
        for warmups in ([0, 6], [0, 6, 20])
    )
    assert len(set(six) - set(four)) == 4
    assert set(four) < set(six)


def test_ids_of_studies_before_replicates_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """As they were before there were any."""
    monkeypatch.setattr("harness.study.NUMERICS", 2)
    assert ids(search_spaces.load("quickstart"))[::23] == ["11472debb5c2558d", "d0e293f005145b5f"]
    assert ids(search_spaces.load("methods"))[::27] == ["29a17b2236e9053d", "8682179a84b79ed4"]
