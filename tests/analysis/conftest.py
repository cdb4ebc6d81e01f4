"""Fixtures of the analysis: results made by hand."""

import pytest

from analysis.results.frame import Results
from tests.helpers.frames import ROWS, frames


@pytest.fixture
def results() -> Results:
    return frames(ROWS)
