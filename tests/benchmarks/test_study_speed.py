"""The benchmark against the peer on given measurements: pairs of trials, ratios, and void comparisons."""

import math
from dataclasses import replace
from typing import Any

import pytest

from tests.benchmarks.study_speed import Run, Trial, differences, slots, table, void, warm_starts


def trial(worker: int, began: float, seed: int = 0, **given: Any) -> Trial:
    """A trial with two seconds to the first step, three of training and one of scoring."""
    values: dict[str, Any] = {
        "strength": 0.0,
        "learning_rate": 1e-3,
        "source": 90.0 + seed,
        "zero_shot": 60.0 + seed,
        "steps": 30,
        "first_step": began + 2,
        "trained": began + 5,
        "ended": began + 6,
        "evaluation_seconds": 1.0,
        "examples": 100,
        "peak_mib": 1000.0,
    }
    return Trial(worker=worker, began=began, seed=seed, **values | given)


def test_trials_of_a_reused_worker_are_paired_with_each_other() -> None:
    """By time alone, the trials that begin at 6.6 and 7 would be paired with each other's predecessors."""
    first, second = [trial(1, 0), trial(1, 7, first_step=8.6)], [trial(2, 0.5), trial(2, 6.6, first_step=7.1)]
    run = Run(0, 20, [*first, *second])
    assert slots(run) == 2
    assert sorted(warm_starts(run)) == pytest.approx([0.6, 2.6])


def test_trials_with_separate_workers_take_the_first_free_slot() -> None:
    run = Run(0, 20, [trial(1, 0), trial(2, 0.5), trial(3, 6.2), trial(4, 7.0)])
    assert warm_starts(run) == pytest.approx([8.2 - 6, 9.0 - 6.5])


def test_ratios_are_per_repeat_and_a_bound_must_hold_in_every_run() -> None:
    def run(factor: float, start: float) -> Run:
        trials = [
            trial(1, 0, ended=6 * factor, evaluation_seconds=factor),
            trial(1, 6 * factor, first_step=6 * factor + start),
        ]
        return Run(0, 12 * factor, trials)

    runs = {"peer": [run(4, 1), run(8, 1), run(4, 1)], "ours": [run(1, 0.1), run(1, 0.7), run(1, 0.2)]}
    rows = {row[0]: row[1:] for row in table(runs)}
    whole = rows["whole study: command to its end, s"]
    assert whole[:3] == ["48", "12", "4.00 (4.00–8.00)"]
    slowest = rows["warm start: worker free to first step, s, slowest trial"]
    assert slowest[1] == "0.2"
    assert slowest[3:] == ["≤ 0.5", "no"]
    to_last_score = rows["whole study: command to last score, s"]
    assert to_last_score[2:] == ["2.50 (2.50–4.50)", "≥ 4 ×", "no"]
    assert table(runs, in_16_bits=True)[0][3:] == ["2.50 (2.50–4.50)", "≥ 2.5 ×", "yes"]
    evaluation = rows["evaluation, sentences/s, median trial"]
    assert evaluation[2:] == ["1.60 (1.60–1.78)", "≥ 2 ×", "no"]


def test_other_scores_steps_or_examples_void_the_comparison() -> None:
    peer = [trial(1, 0, seed) for seed in range(4)]
    same = {"peer": [Run(0, 1, peer)], "ours": [Run(0, 1, peer)]}
    assert void(same, differences(peer, peer)) == []
    (source, _) = differences(peer, [replace(one, source=one.source + 20) for one in peer])
    assert not source.same
    assert void(same, [source])[0].startswith("source of vanilla, rate 0.001")
    shorter = {**same, "ours": [Run(0, 1, [replace(one, steps=29) for one in peer])]}
    assert void(shorter, []) == ["steps: [30] and [29]"]


def test_the_allowed_difference_follows_students_t() -> None:
    from scipy.stats import t

    peer, ours = [trial(1, 0, seed) for seed in (0, 1, 2)], [trial(1, 0, seed) for seed in (0, 2, 4)]
    found = differences(peer, ours)[0]
    spread = math.sqrt((1 + 4) / 2)
    assert found.allowed == pytest.approx(t.ppf(1 - 0.05 / 4, 4) * spread * math.sqrt(2 / 3))
