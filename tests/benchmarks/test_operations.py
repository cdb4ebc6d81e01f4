"""Operations of a step of a 12-layer encoder, as ``tests.benchmarks.operations`` counts them."""

import pytest

from tests.benchmarks.operations import WAITS, step


@pytest.mark.nightly
@pytest.mark.parametrize("task", ["udpos", "pawsx"])
def test_a_step_on_a_gpu_has_few_operations_and_no_wait(task: str) -> None:
    before, after = (step(way, 12, task, "bf16") for way in ("packed layers", "weights copied together"))
    assert after.total() <= 700 < 1100 < before.total()
    assert sum(after[name] for name in WAITS) == 0 < sum(before[name] for name in WAITS)
