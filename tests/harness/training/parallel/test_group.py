"""Sums and messages between processes. Threads stand for processes here: a group belongs to no process."""

import re
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Timer
from typing import TypeVar

import pytest
import torch
from torch import Tensor, nn

from harness.common.errors import TimeLimitError
from harness.training.parallel import group as module
from harness.training.parallel.group import Group

T = TypeVar("T")
SIZE = 3


def in_each(work: Callable[[Group], T], folder: Path, size: int = SIZE) -> list[T]:
    """The results of some work in each member of a group, in the order of the members."""
    with ThreadPoolExecutor(size) as threads:
        return list(threads.map(lambda rank: work(Group(folder, rank, size)), range(size)))


def test_gradients_are_summed_if_any_process_has_a_gradient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 7)  # several messages, of one parameter and of more

    def work(group: Group) -> list[Tensor | None]:
        parameters = [nn.Parameter(torch.zeros(shape)) for shape in ((2, 3), (4,), (), (2,), (9,))]
        for i, parameter in enumerate(parameters):
            if i != 3 and (i != 1 or group.rank == 1):
                parameter.grad = torch.full_like(parameter, 10.0**group.rank * (i + 1))
        group.sum_gradients_(parameters)
        return [parameter.grad for parameter in parameters]

    for found in in_each(work, tmp_path):
        assert found[3] is None
        sums = [None if grad is None else grad.unique().tolist() for grad in found]
        assert sums == [[111.0], [20.0], [333.0], None, [555.0]]


def test_each_row_is_in_one_part(tmp_path: Path) -> None:
    groups = in_each(lambda group: group, tmp_path)
    for rows in (1, 2, 3, 7):
        batch = {"input_ids": torch.arange(2 * rows).view(rows, 2), "labels": torch.arange(rows)}
        parts = [group.part(batch) for group in groups]
        taken = [row for part, any_row in parts if any_row for row in part["labels"].tolist()]
        assert sorted(taken) == list(range(rows))
        assert all((part["input_ids"][:, 0] == 2 * part["labels"]).all() for part, _ in parts)
        assert [any_row for _, any_row in parts] == [rank < rows for rank in range(SIZE)]


def test_only_dropout_differs_between_processes_and_steps(tmp_path: Path) -> None:
    groups = in_each(lambda group: group, tmp_path)
    drawn = []
    for numbers in ((0, 5, 0), (0, 5, 1), (0, 6, 0), (1, 5, 0)):
        for group in groups:
            torch.manual_seed(1)
            with group.own_draws(*numbers):
                drawn.append(torch.rand(4).tolist())
            after = torch.rand(4).tolist()
            torch.manual_seed(1)
            assert after == torch.rand(4).tolist()
    assert len({tuple(values) for values in drawn}) == len(drawn)
    with groups[1].own_draws(0, 5, 0):
        assert torch.rand(4).tolist() == drawn[1]


def test_the_first_process_broadcasts_to_the_others(tmp_path: Path) -> None:
    value = {"step": 3, "score": 12.345678901234567, "folder": "/tmp/é", "none": None}
    assert in_each(lambda group: group.told(value if group.leads else None), tmp_path) == [value] * SIZE


def test_a_time_limit_ends_the_wait_for_a_process_that_hangs(tmp_path: Path) -> None:
    first, second = in_each(lambda group: group, tmp_path, size=2)

    def ring(number: int, frame: object) -> None:
        raise TimeLimitError("over")

    before = signal.signal(signal.SIGALRM, ring)
    late = Timer(4, second.meet)
    late.start()
    start = time.monotonic()
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        with pytest.raises(TimeLimitError):
            first.meet()
    finally:
        signal.signal(signal.SIGALRM, before)
    took = time.monotonic() - start
    late.cancel()
    if took < 3:
        second.meet()  # else the first group's end would wait for it
    assert took < 3


def test_all_take_the_tensors_of_the_first(tmp_path: Path) -> None:
    def work(group: Group) -> list[list[float]]:
        parts = [torch.full((2,), float(group.rank + 1)), torch.full((1,), 10.0 ** (group.rank + 1))]
        group.same_(parts)
        return [part.tolist() for part in parts]

    assert in_each(work, tmp_path) == [[[1.0, 1.0], [10.0]]] * SIZE


def test_differing_weights_are_detected(tmp_path: Path) -> None:
    def work(group: Group) -> str:
        group.check_equal([torch.ones(3), torch.full((2,), torch.nan)])  # diverged alike is no difference
        try:
            group.check_equal([torch.ones(3) + (group.rank == 2) * 1e-6])
        except RuntimeError as error:
            return str(error)
        return ""

    first, second, third = in_each(work, tmp_path)
    assert (first, second) == ("", "")
    assert re.match("the weights of process 2 are no longer equal to the weights of process 0", third)
