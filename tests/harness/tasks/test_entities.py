"""Entities in sequences of tags, against seqeval 0.0.12 (used by XTREME), the current seqeval and brute force."""

from itertools import groupby

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from seqeval.metrics import f1_score
from seqeval.metrics.sequence_labeling import get_entities

from harness.tasks import task_named
from harness.tasks.entities import micro_f1, span_counts
from tests.helpers.examples import examples

UDPOS, PANX = task_named("udpos").labels, task_named("panx").labels
BIOES = ("O", *(f"{prefix}-{kind}" for prefix in "BIES" for kind in ("PER", "LOC-X")))
BARE = ("O", "B", "I", "E", "S")
Sentences = list[list[tuple[int, int]]]
"""Gold and predicted label ids of each word; -1 is no label."""

OF_SEQEVAL_0_0_12 = [
    (UDPOS, 3, 56.00000000000001, (399, 739, 686)),
    (UDPOS, 17, 60.13472137170852, (491, 806, 827)),
    (PANX, 3, 58.83319638455218, (358, 604, 613)),
    (PANX, 7, 63.44322344322344, (433, 664, 701)),
]
"""Labels, number of labels in the gold, F1, and the counts of right, predicted and gold entities of ``drawn``.

The values come from ``f1_score`` and ``get_entities`` in ``seqeval-0.0.12/seqeval/metrics/sequence_labeling.py`` from
the package index.
"""


def drawn(labels: tuple[str, ...], few: int) -> tuple[list[list[int]], list[list[int]]]:
    """Random gold and predicted labels, reproducible on every machine."""
    random = np.random.RandomState(few)
    sizes = random.randint(1, 9, size=200)
    gold = [random.randint(len(labels) - few, len(labels), size=size).tolist() for size in sizes]
    predicted = [
        [int(label) if random.rand() < 0.6 else int(random.randint(-1, len(labels))) for label in sentence]
        for sentence in gold
    ]
    return gold, predicted


def counted(gold: list[list[int]], predicted: list[list[int]], labels: tuple[str, ...]) -> list[list[int]]:
    """Numbers of right, predicted and gold entities of each sentence."""
    flat = (np.array([label for sentence in side for label in sentence], np.int64) for side in (gold, predicted))
    return span_counts(*flat, np.array([len(sentence) for sentence in gold], np.int64), labels).tolist()


@pytest.mark.parametrize(("labels", "few", "f1", "totals"), OF_SEQEVAL_0_0_12)
def test_the_version_that_xtreme_scores_with(
    labels: tuple[str, ...], few: int, f1: float, totals: tuple[int, ...]
) -> None:
    gold, predicted = drawn(labels, few)
    assert 100 * micro_f1(gold, predicted, labels) == f1
    assert tuple(map(sum, zip(*counted(gold, predicted, labels), strict=True))) == totals


def sentences(labels: int) -> st.SearchStrategy[Sentences]:
    """Any tags in any order, often right, from few or many labels."""
    label = st.one_of(st.integers(-1, labels - 1), st.integers(labels - 3, labels - 1))
    word = st.one_of(label.map(lambda at: (at, at)), st.tuples(label, label))
    return st.lists(st.lists(word, max_size=9), min_size=1, max_size=6)


def spans(ids: list[int], labels: tuple[str, ...]) -> set[tuple[str, int, int]]:
    """Entities of plain tags, by brute force.

    Adjacent words with the same tag are one entity. A tag in S, B or E is an entity for each word. No label is no
    entity.
    """
    names = [labels[i] if i >= 0 else "O" for i in ids]
    keys = [(name, at if name[0] in "BES" else -1) for at, name in enumerate(names)]
    found, at = set(), 0
    for (name, _), group in groupby(keys):
        size = len(list(group))
        if name != "O":
            found.add((name, at, at + size))
        at += size
    return found


@settings(max_examples=examples(200), deadline=None)
@given(sentences(len(UDPOS)))
@example([[(7, 7)], [(16, 16), (15, 15)], [(15, 16)]])
def test_plain_tags(found: Sentences) -> None:
    gold, predicted = ([[word[side] for word in sentence] for sentence in found] for side in (0, 1))
    expected = []
    for ours, theirs in zip(gold, predicted, strict=True):
        there, guessed = spans(ours, UDPOS), spans(theirs, UDPOS)
        expected.append([len(there & guessed), len(guessed), len(there)])
    assert counted(gold, predicted, UDPOS) == expected


@pytest.mark.parametrize("labels", [PANX, BIOES, BARE])
@settings(max_examples=examples(200), deadline=None)
@given(st.data())
def test_tags_with_prefixes_are_those_of_todays_seqeval_well_formed_or_not(
    labels: tuple[str, ...], data: st.DataObject
) -> None:
    found = data.draw(sentences(len(labels)))
    gold, predicted = ([[word[side] for word in sentence] for sentence in found] for side in (0, 1))
    names = [*labels, "O"]
    named = [[[names[i] for i in sentence] for sentence in side] for side in (gold, predicted)]
    rows = []
    for ours, theirs in zip(*named, strict=True):
        there, guessed = set(get_entities(ours)), set(get_entities(theirs))
        rows.append([len(there & guessed), len(guessed), len(there)])
    assert counted(gold, predicted, labels) == rows
    if any(found):
        assert micro_f1(gold, predicted, labels) == f1_score(*named, zero_division=0)


def test_conjunctions_are_two_types() -> None:
    """The current seqeval reads both as CONJ."""
    gold, predicted = [[UDPOS.index("CCONJ")]], [[UDPOS.index("SCONJ")]]
    assert counted(gold, predicted, UDPOS) == [[0, 1, 1]]


def test_nothing_scores_0() -> None:
    assert micro_f1([[0, -1], []], [[0, 0], []], PANX) == 0.0
