"""The best span of a window against a loop over all spans, and the best span of a question over its windows."""

from itertools import product

import pytest
import torch
from datasets import Dataset
from torch import Tensor

from harness.tasks.questions import spans
from harness.tasks.questions.spans import LONGEST, Span, beginnings, best_spans, texts


def by_loop(starts: Tensor, ends: Tensor, first: int, last: int) -> tuple[float, int, int]:
    every = product(range(first, last + 1), repeat=2)
    return max((float(starts[i] + ends[j]), i - first, j - first) for i, j in every if 0 <= j - i < LONGEST)


@pytest.mark.parametrize(("length", "first", "last"), [(12, 3, 10), (80, 5, 78), (5, 4, 4)])
def test_the_best_span_is_that_of_a_loop(length: int, first: int, last: int) -> None:
    starts, ends = torch.randn(2, 6, length, generator=torch.Generator().manual_seed(length))
    found = best_spans(starts, ends, [{"first": first, "last": last}] * 6)
    for row, span in enumerate(found):
        score, begin, end = by_loop(starts[row], ends[row], first, last)
        assert (span.first, span.last) == (begin, end)
        assert span.score == pytest.approx(score)
        assert span.nothing == pytest.approx(float(starts[row, 0] + ends[row, 0]))


def test_a_window_without_context_has_no_span() -> None:
    (span,) = best_spans(torch.zeros(1, 4), torch.zeros(1, 4), [{"first": 0, "last": -1}])
    assert span.score == float("-inf")


def test_not_a_number_gives_no_answer() -> None:
    """The logits of a diverged model are such."""
    span = best_spans(torch.full((1, 4), torch.nan), torch.full((1, 4), torch.nan), [{"first": 1, "last": 3}])
    assert texts(WINDOWS.select([0]), span, 1, no_answer=False) == [""]


WINDOWS = Dataset.from_dict(
    {
        "example": [0, 0, 1],
        "text": ["Ann has 3 cats", "3 cats and", "Bob"],
        "offsets": [[0, 3, 3, 7, 7, 9, 9, 14], [0, 1, 1, 6, 6, 10], [0, 3]],
    }
)


def test_the_best_window_answers() -> None:
    given = [Span(1.0, 0, 0, 0.0), Span(2.0, 0, 1, 0.0), Span(-5.0, 0, 0, -9.0)]
    assert texts(WINDOWS, given, 2, no_answer=False) == ["3 cats", "Bob"]
    better = given[0]._replace(first=2, last=3, score=3.0)
    assert texts(WINDOWS, [better, *given[1:]], 2, no_answer=False)[0] == "3 cats"


def test_no_answer_where_each_window_rates_it_higher_than_the_best_span() -> None:
    given = [Span(1.0, 0, 0, 5.0), Span(2.0, 0, 1, 3.0), Span(1.0, 0, 0, 0.0)]
    assert texts(WINDOWS, given, 2, no_answer=True) == ["", "Bob"]
    assert texts(WINDOWS, given, 2, no_answer=False) == ["3 cats", "Bob"]
    assert texts(WINDOWS, [given[0]._replace(nothing=1.0), *given[1:]], 2, no_answer=True) == ["3 cats", "Bob"]


def test_the_beginnings_of_contexts() -> None:
    assert beginnings(WINDOWS, 2) == [["Ann", "Ann has", "Ann has 3", "Ann has 3 cats"], ["Bob"]]


def test_padding_gets_no_probability() -> None:
    logits = torch.zeros(1, 3)
    outputs = {"start_logits": logits, "end_logits": logits}
    mask = torch.tensor([[1, 1, 0]])
    found = spans.mask_padding(torch.nn.Identity(), (), {"attention_mask": mask}, outputs)
    assert found["start_logits"].softmax(-1).tolist() == [[0.5, 0.5, 0.0]]
