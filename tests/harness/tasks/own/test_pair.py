"""A task on a user's own pairs gives a shipped task's examples, whatever the columns' names."""

from pathlib import Path

import pytest

import search_spaces
from harness.common.errors import UserError
from harness.data import reading
from harness.data.origin import Origin
from harness.study import DataFiles
from harness.tasks import task_named
from harness.tasks.own.pair import OwnPair
from harness.tasks.own.regression import OwnRegression
from tests.helpers.own_data import written


def test_pairs_are_those_of_the_shipped_task(tmp_path: Path) -> None:
    shipped = reading.examples(Origin("pawsx", "embedded"), "test", "de")
    rows = [{"first": a, "second": b, "same": int(label)} for a, b, label in shipped.rows]
    places = {"de": written(rows, tmp_path / "pairs.parquet")}
    task = OwnPair(text=("first", "second"), label="same", labels=("0", "1"))
    found = reading.examples(Origin(task, DataFiles(train=places, dev=places, test=places)), "test", "de")
    assert found.fingerprint == shipped.fingerprint
    assert task.gold(found.rows) == task_named("pawsx").gold(shipped.rows)
    assert task.passages(found.rows) == task_named("pawsx").passages(shipped.rows)


def test_a_number_for_two_texts() -> None:
    task = OwnRegression(text=("first", "second"), label="score")
    assert task.example(("A cat", "A dog", "3.5"), "") == ("A cat", "A dog", 3.5)
    assert task.passages([("A cat", "A dog", 3.5)]) == ["A cat", "A dog"]


def test_a_misspelt_field_in_python_has_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "study.py").write_text(
        "from harness.tasks.own.pair import OwnPair\n\n\ndef study():\n    return OwnPair(texts=('a', 'b'))\n"
    )
    with pytest.raises(UserError, match=r"study.py:5: OwnPair: there is no 'texts'. Did you mean 'text'\?"):
        search_spaces.load(str(tmp_path / "study.py"))
