"""Questions as model inputs: windows over long contexts, each with its question."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from harness.common.errors import bad
from harness.tasks.questions.squad_format import Question

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedTokenizerBase

SHORTEST = 32
"""Smallest number of sub-words of a window, which leaves room for a question and a part of its context."""
NOWHERE = [0, 0]
"""Labels of a window without the answer: the first special token, as in BERT's code for SQuAD (Devlin et al., 2019)."""


def encoded(examples: Sequence[Question], tokenizer: "PreTrainedTokenizerBase", max_length: int) -> "Dataset":
    """One row per window: the question and a part of the context, at most ``max_length`` sub-words with special tokens.

    Neighbouring windows share a third of ``max_length``: 128 of 384 sub-words, as in XTREME. A question that would take
    more than half of a window loses its end. Besides the tokenizer's outputs, a row has

    - ``labels``: positions of the first and the last sub-word of the first answer, or ``NOWHERE``;
    - ``example``: number of the question;
    - ``first``, ``last``: positions of the context's sub-words; ``last`` is below ``first`` if there are none;
    - ``text``: the window's part of the context;
    - ``offsets``: start and end in ``text`` of each of the context's sub-words, in characters, one after another.
    """
    from datasets import Dataset

    if max_length < SHORTEST:
        raise bad("max_length", max_length, f"at least {SHORTEST} for questions, since each window has its question")
    room = max_length // 2 - tokenizer.num_special_tokens_to_add(pair=True)
    cut = tokenizer(
        _shortened([example.question for example in examples], tokenizer, room),
        [example.context for example in examples],
        truncation="only_second",
        max_length=max_length,
        stride=max_length // 3,
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
    )
    numbers, offsets = cut.pop("overflow_to_sample_mapping"), cut.pop("offset_mapping")
    windows = [
        _window(examples[number], cut.sequence_ids(row), places)
        for row, (number, places) in enumerate(zip(numbers, offsets, strict=True))
    ]
    return Dataset.from_dict({**cut, "example": numbers, **{name: [w[name] for w in windows] for name in windows[0]}})


def _shortened(questions: list[str], tokenizer: "PreTrainedTokenizerBase", room: int) -> list[str]:
    """Questions shortened to at most ``room`` sub-words."""
    read = tokenizer(questions, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    return [
        question[: places[room - 1][1]] if len(places) > room else question
        for question, places in zip(questions, read["offset_mapping"], strict=True)
    ]


def _window(example: Question, sequences: list[int | None], places: list[tuple[int, int]]) -> dict[str, Any]:
    """The columns of a row that do not come from the tokenizer."""
    count = sequences.count(1)
    first = sequences.index(1) if count else 0
    offsets = np.asarray(places[first : first + count], dtype=np.int64).reshape(-1, 2)
    begin, end = (int(offsets[0, 0]), int(offsets[:, 1].max())) if count else (0, 0)
    return {
        "labels": _places(example, offsets, first),
        "first": first,
        "last": first + count - 1,
        "text": example.context[begin:end],
        "offsets": (offsets - begin).ravel().tolist(),
    }


def _places(example: Question, offsets: NDArray[np.int64], first: int) -> list[int]:
    """Positions of the first answer's first and last sub-word, in a window with these offsets (sub-words × 2)."""
    if not example.answers or not len(offsets):
        return NOWHERE
    text, start = example.answers[0], example.starts[0]
    start += len(text) - len(text.lstrip())
    end = start + len(text.strip())
    if start < offsets[0, 0] or end > offsets[:, 1].max():
        return NOWHERE
    begins, ends = np.flatnonzero(offsets[:, 1] > start)[0], np.flatnonzero(offsets[:, 0] < end)[-1]
    return [first + int(begins), first + int(ends)] if begins <= ends else NOWHERE
