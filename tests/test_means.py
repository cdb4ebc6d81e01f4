"""Counts against seqeval and scikit-learn, the multi-bootstrap against scipy's and on simulated truth, paired tests against scipy's."""

import itertools
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from seqeval.metrics import classification_report
from seqeval.metrics.sequence_labeling import get_entities
from sklearn.metrics import accuracy_score

from analysis.statistics import counts as counting
from analysis.statistics.counts import ACCURACY, F1, counts, label_counts, metric_of, span_counts
from analysis.statistics.multi_bootstrap import LEAST_OF_A_P, TRUSTED_EXAMPLES, TRUSTED_RUNS, difference, zero_shot_difference
from analysis.statistics.paired import FLIPS, paired_tests, sign_flips, t_test, wilcoxon
from harness.attempt import attempt
from harness.resources import Resources
from harness.store import Store
from harness.study import TrialConfig
from harness.tasks import task_named
from tests.benchmarks.variance import Population, coverage, of_multi_bootstrap

# Counts

Sentences = list[list[tuple[int, int]]]
"""Gold and predicted label ids of each word."""


def sentences(labels: int) -> st.SearchStrategy[Sentences]:
    """Any tags in any order, often right, from few or many labels."""
    label = st.one_of(st.integers(-1, labels - 1), st.integers(labels - 3, labels - 1))
    word = st.one_of(label.map(lambda at: (at, at)), st.tuples(label, label))
    return st.lists(st.lists(word, max_size=9), min_size=1, max_size=6)


def flat(found: Sentences, which: int) -> NDArray[np.int16]:
    return np.array([word[which] for sentence in found for word in sentence], np.int16)


def named(found: Sentences, which: int, task: str) -> list[list[str]]:
    names = [*task_named(task).labels, "O"]
    return [[names[word[which]] for word in sentence] for sentence in found]


def of_seqeval(found: Sentences, task: str) -> list[int]:
    gold, predicted = (set(get_entities(named(found, which, task))) for which in (0, 1))
    return [len(gold & predicted), len(predicted), len(gold)]


def ours(found: Sentences, task: str) -> NDArray[np.int32]:
    return span_counts(flat(found, 0), flat(found, 1), np.array([len(sentence) for sentence in found]), task_named(task).labels)


UDPOS, PANX = task_named("udpos").labels, task_named("panx").labels
X, VERB, NOUN = (UDPOS.index(name) for name in ("X", "VERB", "NOUN"))


@pytest.mark.filterwarnings("ignore:.*seems not to be NE tag:UserWarning")
@settings(max_examples=400, deadline=None)
@given(sentences(len(UDPOS)))
@example([[(NOUN, NOUN)], [(X, X), (VERB, VERB)], [(VERB, X)]])
def test_spans_of_plain_tags_are_seqevals(found: Sentences) -> None:
    counted = ours(found, "udpos")
    assert counted.sum(axis=0).tolist() == of_seqeval(found, "udpos")
    if any(found):
        gold, predicted = ([[word[which] for word in sentence] for sentence in found] for which in (0, 1))
        assert F1.score(counted.sum(axis=0)) == pytest.approx(task_named("udpos").scores(gold, predicted)["f1"], abs=1e-9)
    for sentence in found:
        assert ours([sentence], "udpos").tolist() == [of_seqeval([sentence], "udpos")]


@settings(max_examples=400, deadline=None)
@given(sentences(len(PANX)))
@example([[(2, 2), (1, 2), (2, 1), (4, 4)], [(6, 6)], []])
def test_spans_of_bio_tags_are_seqevals_well_formed_or_not(found: Sentences) -> None:
    counted = ours(found, "panx")
    assert counted.sum(axis=0).tolist() == of_seqeval(found, "panx")
    for sentence, row in zip(found, counted.tolist(), strict=True):
        assert row == of_seqeval([sentence], "panx")


@pytest.mark.filterwarnings("ignore:.*seems not to be NE tag:UserWarning")
def test_a_tag_of_one_letter_after_a_sentence_is_dated_back_as_seqeval_does() -> None:
    found = [[(NOUN, NOUN), (VERB, NOUN)], [(X, X), (NOUN, NOUN)]]
    # Alone the second sentence has the span X right; behind the first it begins where the last span there did, and that is not the same.
    assert ours(found[1:], "udpos").tolist() == [[2, 2, 2]]
    assert ours(found, "udpos").tolist() == [[0, 1, 2], [1, 2, 2]]
    assert of_seqeval(found, "udpos") == [1, 3, 4]


def test_micro_f1_is_that_of_seqevals_report() -> None:
    random = np.random.default_rng(0)
    found: Sentences = [[(int(a), int(b)) for a, b in random.integers(-1, 7, size=(n, 2))] for n in random.integers(1, 20, size=60)]
    report = classification_report(named(found, 0, "panx"), named(found, 1, "panx"), output_dict=True, zero_division=0)
    assert F1.score(ours(found, "panx").sum(axis=0)) == pytest.approx(100 * report["micro avg"]["f1-score"])


def test_accuracy_is_scikit_learns() -> None:
    random = np.random.default_rng(0)
    sizes = random.integers(0, 9, size=50)
    gold, predicted = random.integers(-1, 3, size=(2, sizes.sum())).astype(np.int16)
    found = label_counts(gold, predicted, sizes)
    assert ACCURACY.score(found.sum(axis=0)) == pytest.approx(100 * accuracy_score(gold, predicted))
    ends = np.cumsum(sizes)
    assert found.tolist() == [[int((gold[e - n : e] == predicted[e - n : e]).sum()), n] for e, n in zip(ends, sizes, strict=True)]


def test_a_score_of_nothing_is_0() -> None:
    assert F1.score(np.zeros((2, 3), int)).tolist() == [0, 0]
    assert F1.score(np.array([[0, 3, 0], [0, 0, 2], [1, 1, 1]])).tolist() == [0, 0, 100]


def test_metrics_of_tasks() -> None:
    assert {name: metric_of(name) for name in ("xnli", "pawsx", "panx", "udpos")} == {
        "xnli": ACCURACY, "pawsx": ACCURACY, "panx": F1, "udpos": F1,
    }  # fmt: skip
    assert metric_of("mine.py") is None
    assert counts("mine.py", table([("test", "de", 0, [1], [1])])) is None


def test_a_task_with_another_metric_is_not_supported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(task_named("xnli")), "metric", "mcc")
    assert metric_of("xnli") is None


def table(rows: list[tuple[str, str, int, list[int], list[int]]]) -> pa.Table:
    split, language, example_, gold, predicted = (list(column) for column in zip(*rows, strict=True))
    labels = pa.list_(pa.int16())
    return pa.table(
        {
            "split": pa.array(split).dictionary_encode(),
            "language": pa.array(language).dictionary_encode(),
            "example": pa.array(example_, pa.int32()),
            "gold": pa.array(gold, labels),
            "predicted": pa.array(predicted, labels),
        }
    )


def test_accuracy_is_counted_by_language_in_the_order_of_examples() -> None:
    rows = [
        ("test", "hi", 1, [0], [2]), ("test", "de", 1, [1], [1]), ("dev", "de", 0, [1], [0]), ("test", "hi", 0, [2], [2]),
        ("test", "de", 0, [1], [0]), ("test", "de", 2, [1], [-1]),
    ]  # fmt: skip
    found = counts("xnli", table(rows))
    assert found is not None
    assert {code: values.tolist() for code, values in found.items()} == {"de": [[0, 1], [1, 1], [0, 1]], "hi": [[1, 1], [0, 1]]}
    assert counts("xnli", table(rows), "train") == {}


def test_tables_that_are_not_of_the_task_are_refused() -> None:
    with pytest.raises(ValueError, match="de: gold and predicted labels are not equally many"):
        counts("udpos", table([("test", "de", 0, [1, 2], [1])]))
    for wrong in (17, -2):
        with pytest.raises(ValueError, match="de: label ids are not those of 'udpos'"):
            counts("udpos", table([("test", "de", 0, [1, 2], [1, wrong])]))


def test_counts_of_a_stored_trial_give_its_scores(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    config, store = trial(targets=("de", "hi")), Store(tmp_path / "store")
    assert not attempt(config, store, Resources()).error
    record = store.record(config.id)
    assert record is not None
    found = counts(config.task, store.predictions(config.id))
    assert found is not None
    assert set(found) == {"en", "de", "hi"}
    for language, counted in found.items():
        scores = record["scores"]["test"][language]
        assert len(counted) == scores["examples"]
        assert F1.score(counted.sum(axis=0)) == pytest.approx(scores["f1"], abs=1e-9)
    dev = counts(config.task, store.predictions(config.id), "dev")
    assert dev is not None
    assert F1.score(dev["en"].sum(axis=0)) == pytest.approx(record["scores"]["dev"]["en"]["f1"], abs=1e-9)


# The multi-bootstrap


def sample(runs: int = 12, examples: int = 80, languages: int = 1, seed: int = 0, **options: Any) -> tuple[Any, Any, Population]:
    population = Population(runs, examples, languages=languages, **options)
    return *population.sample(np.random.default_rng(seed)), population


def near(found: Any, low: float, high: float) -> None:
    """Equal but for chance: a quantile's standard error is √(p(1 − p)/n) over the density there, at most 2 % of the width at these n."""
    assert found.low == pytest.approx(low, abs=0.08 * (high - low))
    assert found.high == pytest.approx(high, abs=0.08 * (high - low))


@pytest.mark.parametrize("metric", [ACCURACY, F1])
def test_the_difference_is_that_of_the_mean_scores(metric: counting.Metric) -> None:
    one, other, _ = sample(languages=3, metric=metric)
    found = zero_shot_difference(one, other, metric)
    by_hand = [np.mean([np.mean(metric.score(each[code].sum(axis=1))) for code in each]) for each in (one, other)]
    assert found.difference == pytest.approx(by_hand[0] - by_hand[1])
    assert (found.runs, found.examples, found.reason) == (12, 240, "")
    assert found.low < found.difference < found.high


@pytest.mark.parametrize("metric", [ACCURACY, F1])
def test_of_runs_that_are_all_alike_it_is_scipys_bootstrap_of_examples(metric: counting.Metric) -> None:
    one, other, _ = sample(runs=1, metric=metric)
    pair = [np.repeat(each["0"], 4, axis=0) for each in (one, other)]

    def statistic(*columns: Any, axis: int) -> Any:
        totals = np.stack([column.sum(axis=axis) for column in columns], axis=-1)
        half = totals.shape[-1] // 2
        return metric.score(totals[..., :half]) - metric.score(totals[..., half:])

    columns = np.concatenate([one["0"][0], other["0"][0]], axis=1).T
    expected = stats.bootstrap(columns, statistic, paired=True, n_resamples=9999, method="percentile", rng=np.random.default_rng(1))
    near(difference(pair[0], pair[1], metric, resamples=9999), *expected.confidence_interval)


def test_of_examples_that_are_all_alike_it_is_scipys_bootstrap_of_runs() -> None:
    random = np.random.default_rng(0)
    right = random.integers(20, 40, size=(2, 15))
    pair = [np.repeat(np.stack([rights, np.full(15, 50)], axis=-1)[:, None], 6, axis=1) for rights in right]
    gaps = 2.0 * (right[0] - right[1])
    expected = stats.bootstrap((gaps,), np.mean, n_resamples=9999, method="percentile", rng=np.random.default_rng(1))
    near(difference(pair[0], pair[1], ACCURACY, resamples=9999), *expected.confidence_interval)


def test_of_both_it_is_the_bootstrap_written_as_a_loop() -> None:
    one, other, _ = sample(runs=8, examples=25, languages=2, metric=F1, ours=0.6)
    random, resampled = np.random.default_rng(5), []
    for _ in range(4000):
        runs = random.integers(8, size=8)
        gaps = []
        for code in one:
            examples = random.integers(25, size=25)
            totals = [each[code][runs][:, examples].sum(axis=1) for each in (one, other)]
            gaps.append(np.mean(F1.score(totals[0]) - F1.score(totals[1])))
        resampled.append(np.mean(gaps))
    low, high = np.quantile(resampled, [0.025, 0.975])
    found = zero_shot_difference(one, other, F1, resamples=9999)
    near(found, low, high)
    expected = 2 * min(np.mean(np.array(resampled) <= 0), np.mean(np.array(resampled) >= 0))
    assert expected > 0.2
    assert found.p == pytest.approx(expected, abs=0.05)


def widths(ours: Any, theirs: Any) -> tuple[float, float]:
    """Of the interval of one language, and of two that are that one."""
    one = difference(ours, theirs, ACCURACY)
    two = zero_shot_difference({"de": ours, "hi": ours}, {"de": theirs, "hi": theirs}, ACCURACY)
    return one.high - one.low, two.high - two.low


def test_examples_are_drawn_for_each_language_by_itself_and_runs_for_all() -> None:
    one, other, _ = sample(runs=1)
    alone, two = widths(np.repeat(one["0"], 2, axis=0), np.repeat(other["0"], 2, axis=0))
    assert two == pytest.approx(alone / math.sqrt(2), rel=0.08)
    one, other, _ = sample(runs=9)
    alone, two = widths(*(np.repeat(each["0"].sum(axis=1, keepdims=True), 2, axis=1) for each in (one, other)))
    assert two == pytest.approx(alone)


def test_swapped_methods_and_languages_in_another_order() -> None:
    one, other, _ = sample(languages=3)
    found, swapped = zero_shot_difference(one, other, ACCURACY), zero_shot_difference(other, one, ACCURACY)
    assert (swapped.difference, swapped.low, swapped.high) == pytest.approx((-found.difference, -found.high, -found.low))
    assert swapped.p == found.p
    backwards = {code: one[code] for code in reversed(one)}
    again = zero_shot_difference(backwards, other, ACCURACY)
    assert (again.low, again.high, again.p) == (found.low, found.high, found.p)
    assert zero_shot_difference(one, one, ACCURACY).p == 1


@pytest.mark.parametrize("seed", range(8))
def test_p_is_small_where_the_interval_leaves_out_0(seed: int) -> None:
    one, other, _ = sample(runs=20, seed=seed, ours=0.75)
    found = difference(one["0"], other["0"], ACCURACY)
    assert (found.p < 0.05) == (found.low > 0 or found.high < 0)
    assert 0 < found.p <= 1


def test_too_little_for_an_interval_and_what_does_not_fit() -> None:
    one, other, _ = sample(runs=1)
    found = difference(one["0"], other["0"], ACCURACY)
    assert math.isfinite(found.difference)
    assert math.isnan(found.low)
    assert "fewer than 2 paired runs" in found.reason
    one, other, _ = sample(runs=3, examples=1)
    assert "test examples" in difference(one["0"], other["0"], ACCURACY).reason
    assert "no paired runs" in difference(one["0"][:0], other["0"][:0], ACCURACY).reason
    assert "no paired runs" in zero_shot_difference({}, {}, ACCURACY).reason
    one, other, _ = sample(runs=3)
    with pytest.raises(ValueError, match="the same runs and examples"):
        difference(one["0"], other["0"][:2], ACCURACY)
    with pytest.raises(ValueError, match="the same languages"):
        zero_shot_difference(one, {"1": other["0"]}, ACCURACY)
    found = difference(one["0"], other["0"], ACCURACY)
    narrow, no_p, wide = found.warnings
    assert "too narrow" in narrow
    assert "no bootstrap p" in no_p
    assert "too wide" in wide
    one, other, _ = sample(runs=TRUSTED_RUNS, examples=TRUSTED_EXAMPLES)
    assert not difference(one["0"], other["0"], ACCURACY).warnings


def test_few_runs_have_an_interval_and_no_p() -> None:
    """Of two or three runs the bootstrap's p is below 0.05 far too often."""
    for runs in (2, LEAST_OF_A_P - 1, LEAST_OF_A_P):
        one, other, _ = sample(runs=runs)
        found = difference(one["0"], other["0"], ACCURACY)
        assert found.low <= found.difference <= found.high
        assert math.isnan(found.p) is (runs < LEAST_OF_A_P)


def test_a_studys_size_takes_less_than_a_second() -> None:
    one, other, _ = sample(runs=24, examples=100, languages=12, metric=F1)
    start = time.perf_counter()
    zero_shot_difference(one, other, F1)
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize(
    "population",
    [Population(TRUSTED_RUNS, TRUSTED_EXAMPLES // 3, languages=3), Population(TRUSTED_RUNS, TRUSTED_EXAMPLES, metric=F1, ours=0.6)],
    ids=["accuracy", "f1"],
)
def test_intervals_cover_the_truth_as_often_as_they_say(population: Population) -> None:
    found = of_multi_bootstrap(population, samples=500, resamples=500)
    # 95 ± 2 %, and two standard errors of 500 samples.
    assert 0.93 - 0.02 <= coverage(found, population.truth) <= 0.97 + 0.02
    means = np.array([one.difference for one in found])
    assert abs(means.mean() - population.truth) < 4 * means.std(ddof=1) / math.sqrt(len(means))


# Paired tests


@pytest.mark.parametrize("count", [2, 3, 8, 13, 25])
def test_paired_tests_are_scipys(count: int) -> None:
    random = np.random.default_rng(count)
    one = 60 + random.normal(size=count)
    other = one - 0.5 + random.normal(size=count)
    t, ranks, flips = paired_tests(one, other)
    expected = stats.ttest_rel(one, other)
    assert (t.statistic, t.p, t.least_p, t.n) == pytest.approx((expected.statistic, expected.pvalue, 0, count))
    expected = stats.wilcoxon(one, other)
    assert (ranks.statistic, ranks.p) == pytest.approx((expected.statistic, expected.pvalue))
    assert ranks.least_p == pytest.approx(2 / 2**count)
    expected = stats.permutation_test(
        (one, other), lambda x, y, axis: (x - y).mean(axis=axis), permutation_type="samples", vectorized=True, n_resamples=FLIPS,
        rng=np.random.default_rng(7),
    )  # fmt: skip
    exact = 2**count <= FLIPS
    assert flips.statistic == pytest.approx(expected.statistic)
    assert flips.p == pytest.approx(expected.pvalue, abs=1e-12 if exact else 0.03)
    assert flips.least_p == pytest.approx(2 / 2**count if exact else 2 / (FLIPS + 1))


def test_sign_flips_by_hand() -> None:
    differences = np.array([0.3, 1.2, -0.4, 2.0, 0.9, 0.9])
    signs = np.array(list(itertools.product([-1, 1], repeat=6)))
    means = signs @ differences / 6
    found = sign_flips(differences, np.zeros(6))
    assert found.p == pytest.approx(np.mean(np.abs(means) >= abs(differences.mean()) - 1e-12))
    assert sign_flips(np.zeros(4), np.zeros(4)).p == 1


def test_pairs_without_a_score_are_left_out() -> None:
    one, other = np.array([1.0, 2.5, math.nan, 3.0, 7.0]), np.array([0.5, 1.0, 2.0, math.nan, 4.0])
    for test in (t_test, wilcoxon, sign_flips):
        assert test(one, other) == test(one[[0, 1, 4]], other[[0, 1, 4]])
    with pytest.raises(ValueError, match="one shape"):
        t_test(one, other[:3])


def test_where_there_is_no_paired_test() -> None:
    for found in paired_tests([1.0], [2.0]):
        assert math.isnan(found.p)
        assert "fewer than 2 pairs" in found.reason
    base = np.array([60.1, 55.3, 70.9])
    same, ranks, flips = paired_tests(base + 0.1, base)  # the same but for rounding
    assert "the same" in same.reason
    assert not ranks.reason
    assert flips.p == flips.least_p == 0.25
    nothing, ranks, flips = paired_tests(base, base)
    assert nothing.reason
    assert "all differences are 0" in ranks.reason
    assert flips.p == 1
