"""Fixtures of the statistics."""

import pytest

from analysis.statistics import run_bootstrap


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer resamples, where intervals are not looked at."""
    monkeypatch.setattr(run_bootstrap, "RESAMPLES", 40)
