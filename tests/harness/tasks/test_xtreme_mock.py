"""XTREME's own check of its scoring: its mock submission has the scores of XTREME's test, to the last digit."""

from pathlib import Path

import pytest

from harness.tasks import TASKS, task_named
from tests.helpers.xtreme import MOCK, Labelled, labelled

SHIPPED = Path(__file__).parents[2] / "data" / "xtreme" / "udpos_mock.tsv"
EXPECTED = {
    "pawsx": ("accuracy", 51.42857142857143, 7),
    "xnli": ("accuracy", 30.666666666666668, 15),
    "panx": ("f1", 57.50793650793652, 40),
    "udpos": ("f1", 70.21746048354693, 33),
}
"""Metric, mean over the submission's languages, and their number."""


def mean(task: str, languages: dict[str, tuple[Labelled, Labelled]]) -> tuple[str, float, int]:
    """The task's metric, its mean over languages as in XTREME, and their number."""
    found = task_named(task)
    ids = {label: i for i, label in enumerate(found.labels)}
    scores = [
        found.scores(*([[ids[label] for label in example] for example in side] for side in sides))[found.metric]
        for sides in languages.values()
    ]
    return found.metric, sum(scores) / len(scores), len(scores)


@pytest.mark.skipif(not MOCK.is_dir(), reason="the mock submission is not beside this checkout")
@pytest.mark.parametrize("task", EXPECTED)
def test_the_mock_submission_scores_as_xtreme_expects(task: str) -> None:
    languages = {
        file.stem.removeprefix("test-"): (
            labelled(file, words=task in ("panx", "udpos")),
            labelled(MOCK / "predictions" / task / file.name, words=task in ("panx", "udpos")),
        )
        for file in sorted((MOCK / "labels" / task).glob("test-*.tsv"))
    }
    assert mean(task, languages) == EXPECTED[task]
    assert {*languages} <= {*TASKS[task].xtreme}


def test_its_part_of_speech_tags_do_from_the_file_that_ships() -> None:
    found: dict[str, tuple[Labelled, Labelled]] = {}
    for block in SHIPPED.read_text(encoding="utf-8").split("\n", 1)[1].strip("\n").split("\n\n"):
        rows = [line.split("\t") for line in block.split("\n")]
        sides = found.setdefault(rows[0][0], ([], []))
        for side, place in zip(sides, (1, 2), strict=True):
            side.append([row[place] for row in rows])
    assert mean("udpos", found) == EXPECTED["udpos"]
