"""Claims on simulated studies with known truth: a small run of ``python -m tests.benchmarks.claims``."""

import numpy as np
import pytest

from analysis.claims.claim import Quantity, Scope
from tests.benchmarks.claims.studies import Design, simulate
from tests.benchmarks.claims.tables import KINDS, SIZE, error
from tests.benchmarks.claims.tallies import Cell
from tests.benchmarks.claims.worlds import WORLDS, World

DESIGN = Design(5, 3)


def counted(world: World, studies: int) -> Cell:
    """The claims of ``studies`` simulated studies."""
    cell = Cell()
    for study in range(studies):
        cell.count(simulate(world, DESIGN, np.random.default_rng([18, study])))
    return cell


@pytest.mark.parametrize(("name", "studies"), [("normal", 15), ("10 % collapse", 25)])
def test_few_claims_are_wrong(name: str, studies: int) -> None:
    found = counted(WORLDS[name], studies)
    for kind in KINDS:
        tally = found.kinds[kind]
        assert tally.wrong <= (SIZE + 1.5 * error(SIZE, studies)) * studies, kind  # 3 standard errors
        if kind[0] is not Quantity.COLLAPSE:
            assert tally.claims >= studies - 2, kind
    assert (found.kinds[Quantity.COLLAPSE, Scope.THESE].claims > 0) is ("collapse" in name)


def test_a_strong_effect_is_found() -> None:
    steady = counted(World(ratio=0.25, difference=8), 8)
    collapsing = counted(World(collapse=(0.0, 0.8)), 8)
    assert steady.kinds[Quantity.SPREAD, Scope.THESE].right == 8
    assert steady.kinds[Quantity.MEAN, Scope.SETTINGS].right >= 7
    assert collapsing.kinds[Quantity.COLLAPSE, Scope.THESE].right >= 7
    assert collapsing.kinds[Quantity.SPREAD, Scope.THESE].claims == 0  # the survivors say nothing about its spread
