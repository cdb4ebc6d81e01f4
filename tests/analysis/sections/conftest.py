"""Fixtures for the report's sections: results made by hand, as raw rows and as views."""

import itertools

import numpy as np
import pandas as pd
import pytest

from analysis.report import Chapter, chapters
from analysis.results.frame import FINISHED
from analysis.results.view import View
from tests.helpers.report_rows import HOT, RATES, WARM, Rows, run, view


def random_rows() -> Rows:
    """Five methods in two families, three learning rates, three seeds, dev scores.

    Two runs of vanilla collapsed, and one run of l2 failed.
    """
    random = np.random.default_rng(7)
    rows: Rows = []
    for method in ("vanilla", "l2(strength=1)", "l2(strength=0.1)", "ewc(strength=100)", "ewc(strength=10)"):
        for rate, seed in itertools.product(RATES, range(3)):
            collapsed = method == "vanilla" and rate == HOT and seed < 2
            scores: dict[str, float | None] = {
                code: float(random.normal(level, 2)) for code, level in {"en": 85, "de": 70, "hi": 55, "th": 40}.items()
            }
            if collapsed:
                scores = {code: float(10 + random.random()) for code in scores}
            if method == "l2(strength=0.1)" and (rate, seed) == (WARM, 1):
                scores = dict.fromkeys(scores)
            dev = None if None in scores.values() else float(random.normal(85, 1))
            rows += run(method, seed, scores, dev=dev, learning_rate=rate, collapsed=str(collapsed).lower())
    return rows


@pytest.fixture(scope="session")
def rows() -> Rows:
    return random_rows()


@pytest.fixture(scope="session")
def raw(rows: Rows) -> pd.DataFrame:
    """The finished test rows."""
    frame = pd.DataFrame(rows)
    return frame[(frame["split"] == "test") & (frame["status"] == FINISHED)]


@pytest.fixture(scope="session")
def zero_shot(raw: pd.DataFrame) -> "pd.Series[float]":
    """Zero-shot scores by method, learning rate and seed."""
    return raw[raw["language"] != "en"].groupby(["method", "learning_rate", "seed"])["score"].mean()


@pytest.fixture(scope="session")
def seen(rows: Rows) -> View:
    return view(rows)


@pytest.fixture(scope="session")
def written(seen: View) -> list[Chapter]:
    return chapters(seen)
