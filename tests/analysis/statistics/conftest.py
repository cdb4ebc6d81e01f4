"""Fixtures of the statistics."""

import pytest

from analysis.statistics import run_bootstrap


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer resamples, for tests that ignore intervals."""
    monkeypatch.setattr(run_bootstrap, "RESAMPLES", 40)


@pytest.fixture
def thousand(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand resamples, for the coverage of intervals over hundreds of studies: it is lower by 0.2 % at most."""
    monkeypatch.setattr(run_bootstrap, "RESAMPLES", 999)
