"""Batches straight from Arrow equal the batches of the tokenizer's own padding."""

from collections.abc import Callable

import pyarrow as pa
import pytest
from datasets import Dataset
from transformers import PreTrainedTokenizerBase

from harness.data import reading
from harness.data.origin import Origin
from harness.data.row_batches import RowBatches
from harness.encoders import loading, pinning
from harness.tasks import task_named
from harness.tasks.questions.squad_format import Question
from tests.helpers.encoders import byte_level, gemma_like

INPUTS = ("input_ids", "attention_mask", "token_type_ids")


def embedded() -> PreTrainedTokenizerBase:
    return loading.tokenizer(pinning.find("embedded"))


def with_types() -> PreTrainedTokenizerBase:
    """A tokenizer with a separate token type for padding, like XLNet's."""
    made: PreTrainedTokenizerBase = gemma_like()
    made._pad_token_type_id = 3
    made.model_input_names = [*INPUTS]
    return made


@pytest.mark.parametrize("chosen", [False, True], ids=["all rows", "some rows"])
@pytest.mark.parametrize("task", ["udpos", "pawsx"])
@pytest.mark.parametrize("make", [embedded, byte_level, with_types])
def test_batches_equal_the_padding_of_the_tokenizer(
    make: Callable[[], PreTrainedTokenizerBase], task: str, chosen: bool
) -> None:
    tokenizer = make()
    rows = task_named(task).encode(reading.examples(Origin(task, "embedded"), "test", "de").rows[:20], tokenizer, 60)
    if chosen:
        rows = rows.select([7, 3, 3, 12, 0])
    batches = RowBatches(rows, INPUTS, (), tokenizer)
    assert batches.lengths == [len(ids) for ids in rows["input_ids"]]
    lists = [{name: rows[name][i] for name in INPUTS if name in rows.column_names} for i in range(len(rows))]
    assert [batches.row(i) for i in range(len(rows))] == lists
    for numbers in ([0, 1, 2, 3, 4], [4, 1], [2]):
        expected = tokenizer.pad([lists[i] for i in numbers], return_tensors="pt")
        found = batches.padded(numbers)
        assert found.keys() == expected.keys()
        for name, tensor in expected.items():
            assert found[name].dtype == tensor.dtype
            assert found[name].tolist() == tensor.tolist(), name


def test_other_columns_are_unchanged() -> None:
    task, tokenizer = task_named("xquad"), embedded()
    asked = Question("Where do they live?", "They live in Rome, near the river.", ("Rome",), (13,))
    rows = task.encode([asked], tokenizer, 40)
    read = RowBatches(rows, INPUTS, task.read_by_answers, tokenizer).row(0)
    assert {name: read[name] for name in task.read_by_answers} == {name: rows[name][0] for name in task.read_by_answers}
    assert type(read["input_ids"]) is list
    gaps = Dataset(pa.table({"input_ids": [[1, 2], [3]], "parts": [[1, None], None], "number": [4, 5]}))
    found = RowBatches(gaps, ("input_ids", "number"), ("parts",), tokenizer)
    assert [found.row(i)["parts"] for i in range(2)] == [[1, None], None]
    assert found.padded([1, 0])["number"].tolist() == [5, 4]
