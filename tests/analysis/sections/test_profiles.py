"""The sections on equal source scores and on profiles."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from scipy.stats import trim_mean

from analysis.sections import equal_source, profiles
from analysis.statistics.equal_source import equal_source as equal_source_of
from analysis.statistics.profiles import interquartile_mean
from tests.helpers.report_rows import Rows, cells, noted, p_of, pairs, run, score, std, table_of, view


def test_equal_source_and_profiles_are_those_of_the_runs() -> None:
    random = np.random.default_rng(9)
    english = 85 + random.normal(0, 0.6, 8)
    targets = random.normal(60, 3, (8, 2))
    dev = random.permutation(8) + 80.0
    rows: Rows = []
    for seed in range(8):
        rows += run(
            "vanilla", seed, {"en": english[seed], "de": targets[seed, 0], "hi": targets[seed, 1]}, dev=float(dev[seed])
        )
    for seed, code in itertools.product(range(4), ("de", "hi")):
        rows += run("ewc(strength=1)", seed, {"en": 80.0 + seed, code: 50.0 + seed}, dev=80.0, trial=f"{seed}-{code}")
    rows = [{**row, "trial": row.get("trial") or f"v{row['seed']}"} for row in rows]
    seen = view(rows)
    section = equal_source.section(seen)
    table = table_of(section, "equal-source")
    assert [row[0] for row in table.rows] == ["vanilla"]  # a run of ewc consists of several models
    assert "Left out: ewc(strength=1). Their runs have several trials, so a run has several en scores." in table.notes
    near = [(i, j) for i, j in itertools.combinations(range(8), 2) if abs(english[i] - english[j]) <= 1]
    mean = targets.mean(axis=1)
    row = cells(table, "vanilla")
    assert row["spread of zero-shot"].value == pytest.approx(
        math.sqrt(np.mean([(mean[i] - mean[j]) ** 2 / 2 for i, j in near]))
    )
    assert row["spread of en"].value == pytest.approx(
        math.sqrt(np.mean([(english[i] - english[j]) ** 2 / 2 for i, j in near]))
    )
    assert row["pairs"] == str(len(near))
    assert row["largest difference"] == f"{max(abs(mean[i] - mean[j]) for i, j in near):.2f}"
    assert p_of(row["rank correlation of en and zero-shot"]) == pytest.approx(stats.spearmanr(english, mean).statistic)
    of_german = equal_source_of(english, targets).targets[0].spread
    german = cells(table_of(section, "equal-source-languages"), "de")["vanilla"]
    assert (german.value, german.low, german.high) == pytest.approx((of_german.value, of_german.low, of_german.high))

    profile = cells(table_of(profiles.section(seen), "profiles"), "vanilla")
    middle = interquartile_mean(mean)
    assert profile["mean"] == score(mean.mean(), std(mean), 8)
    assert profile["interquartile mean"].value == pytest.approx(trim_mean(mean, 0.25))
    assert (profile["interquartile mean"].low, profile["interquartile mean"].high) == pytest.approx(
        (middle.low, middle.high)
    )
    expected = np.mean([mean[max(some, key=lambda i: dev[i])] for some in itertools.combinations(range(8), 3)])
    assert profile["best of 3"].value == pytest.approx(expected)
    assert profile["one run"].value == pytest.approx(mean.mean())
    assert "best of 10" not in profile
    assert "(ddof=1)" in noted(table_of(profiles.section(seen), "profiles"))
    assert "(ddof=0)" in noted(table_of(profiles.section(replace(seen, ddof=0)), "profiles"))
    assert any("best en dev score" in note for note in table_of(profiles.section(seen), "profiles").notes)


def test_two_runs_are_too_few_for_both() -> None:
    few = view(pairs(np.array([[50.0], [51.0]]), np.array([[52.0], [56.0]])))
    assert equal_source.section(few) is None
    assert profiles.section(few) is None
