"""Fixtures of the statistics."""

import pytest

from analysis.statistics import run_bootstrap


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer resamples, for tests that ignore intervals."""
    monkeypatch.setattr(run_bootstrap, "RESAMPLES", 40)
