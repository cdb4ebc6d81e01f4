"""The mix of source languages: sizes by the formula, and the examples in the mix."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.mixing import counts, mixed

SIZES = st.lists(st.integers(1, 2000), min_size=2, max_size=5)
TEMPERATURES = st.floats(0, 1)


@given(SIZES, TEMPERATURES)
def test_counts_follow_the_formula_to_within_one(sizes: list[int], temperature: float) -> None:
    found = counts(sizes, temperature)
    whole = sum(size**temperature for size in sizes)
    assert sum(found) == sum(sizes)
    for size, count in zip(sizes, found, strict=True):
        assert abs(count - sum(sizes) * size**temperature / whole) < 1 + 1e-6
        assert count > 0


@given(SIZES)
def test_the_extreme_exponents_give_all_examples_and_equal_shares(sizes: list[int]) -> None:
    assert counts(sizes, 1.0) == sizes
    assert max(counts(sizes, 0.0)) - min(counts(sizes, 0.0)) <= 1
    assert mixed(sizes, 1.0).tolist() == [*range(sum(sizes))]


@given(SIZES, TEMPERATURES)
def test_small_languages_are_up_sampled_and_large_ones_down_sampled(sizes: list[int], temperature: float) -> None:
    times, start = Counter(mixed(sizes, temperature).tolist()), 0
    for size, count in zip(sizes, counts(sizes, temperature), strict=True):
        own = [times[number] for number in range(start, start + size)]
        assert sum(own) == count
        assert max(own) - min(own) <= 1
        start += size
    assert counts(sizes, temperature)[sizes.index(min(sizes))] >= min(sizes)


def test_the_example_of_xlm_holds() -> None:
    """Shares of 0.9 and 0.1 become 0.75 and 0.25 at an exponent of a half."""
    assert counts([900, 100], 0.5) == [750, 250]


def test_a_larger_share_contains_a_smaller_one() -> None:
    less, more = (Counter(mixed([500, 100], temperature).tolist()) for temperature in (0.2, 0.8))
    first = range(500)
    assert {number for number in first if less[number]} < {number for number in first if more[number]}


@pytest.mark.parametrize(("temperature", "expected"), [(0.0, [1, 2, 4, 5, 5, 5]), (1.0, [0, 1, 2, 3, 4, 5])])
def test_the_mix_never_changes(temperature: float, expected: list[int]) -> None:
    """Another draw would be another data set under the same id of a trial."""
    assert mixed([5, 1], temperature).tolist() == expected
