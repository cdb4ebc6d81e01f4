"""Positions of settings along the first screen's picture."""

import itertools

import pytest

from analysis.rendering.scale import FEW, Places
from tests.helpers.report_rows import made, run


@pytest.mark.parametrize("rates", [3, FEW + 8])
def test_a_position_has_room_for_all_its_settings(rates: int) -> None:
    """Two batch sizes share each learning rate's position."""
    scores = {"en": 80.0, "de": 60.0}
    rows = [
        row
        for number, size in itertools.product(range(1, rates + 1), (8, 16))
        for row in run("vanilla", 0, scores, learning_rate=1e-5 * number, batch_size=size)
    ]
    places = Places.along(made(rows))
    assert len(set(places.of.values())) == rates
    assert places.step == pytest.approx(1 / rates)
