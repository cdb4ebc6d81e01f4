"""Answers from a head's scores: spans from the scores of sub-words, and texts from the spans of windows."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from datasets import Dataset
    from torch import Tensor, nn

LONGEST = 30
"""Largest number of sub-words of an answer, as in BERT's code for SQuAD and in XTREME."""


class Span(NamedTuple):
    """The best answer in a window."""

    score: float
    """Logit of the first sub-word plus logit of the last; -inf if the window has no span."""
    first: int
    """Index of the first sub-word among the context's sub-words in the window."""
    last: int
    nothing: float
    """Score of no answer, taken from the window's first special token."""


def best_spans(starts: "Tensor", ends: "Tensor", rows: Sequence[Mapping[str, Any]]) -> list[Span]:
    """The best span of each window by its logits (windows, length).

    A span lies within the context and has at most ``LONGEST`` sub-words.
    """
    import torch

    nothing = (starts[:, 0] + ends[:, 0]).tolist()
    low, high = (torch.tensor([[row[name]] for row in rows], device=starts.device) for name in ("first", "last"))
    at = torch.arange(starts.shape[1], device=starts.device)
    outside = (at < low) | (at > high)
    starts, ends = (logits.masked_fill(outside, float("-inf")) for logits in (starts, ends))
    # For each length, the best first sub-word, (windows, lengths).
    lengths = range(min(LONGEST, starts.shape[1]))
    scores, places = zip(
        *((starts[:, : starts.shape[1] - more] + ends[:, more:]).max(1) for more in lengths), strict=True
    )
    best, length = torch.stack(scores, 1).max(1)
    first = torch.stack(places, 1).gather(1, length[:, None])[:, 0] - low[:, 0]
    found = (best.tolist(), first.tolist(), (first + length).tolist(), nothing)
    return [Span(*values) for values in zip(*found, strict=True)]


def texts(rows: "Dataset", spans: Sequence[Span], count: int, *, no_answer: bool) -> list[str]:
    """The text of the best span over all windows, for each of ``count`` questions.

    The text is empty if no window has a span. With ``no_answer``, it is also empty if every window's score of no answer
    is above the score of this best span.
    """
    best: list[tuple[int, Span] | None] = [None] * count
    nothing = [float("inf")] * count
    for number, (example, span) in enumerate(zip(rows["example"][:], spans, strict=True)):
        nothing[example] = min(nothing[example], span.nothing)
        before = best[example]
        if span.score > float("-inf") and (before is None or span.score > before[1].score):
            best[example] = number, span
    read = rows.select_columns(["text", "offsets"])
    answered = [
        chosen if chosen is not None and not (no_answer and none > chosen[1].score) else None
        for chosen, none in zip(best, nothing, strict=True)
    ]
    return [_text(read[chosen[0]], chosen[1]) if chosen is not None else "" for chosen in answered]


def _text(row: Mapping[str, Any], span: Span) -> str:
    text: str = row["text"][row["offsets"][2 * span.first] : row["offsets"][2 * span.last + 1]]
    return text.strip()


def beginnings(rows: "Dataset", count: int) -> list[list[str]]:
    """The beginnings of each question's context: of one sub-word, of two, up to ``LONGEST``."""
    import pyarrow.compute as pc

    table = rows.data.table
    firsts: dict[int, int] = {}
    for number, example in enumerate(table.column("example").to_pylist()):
        firsts.setdefault(example, number)
    windows = table.select(["text", "offsets"]).take([firsts[example] for example in range(count)])
    offsets = pc.list_slice(windows.column("offsets"), 0, 2 * LONGEST).to_pylist()
    return [
        [text[:end].strip() for end in places[1::2]]
        for text, places in zip(windows.column("text").to_pylist(), offsets, strict=True)
    ]


def mask_padding(
    model: "nn.Module", given: tuple[Any, ...], inputs: Mapping[str, Any], outputs: dict[str, "Tensor"]
) -> dict[str, "Tensor"]:
    """A hook that gives padding no probability. Otherwise the loss of a row would depend on its batch."""
    import torch

    if (mask := inputs.get("attention_mask")) is not None:
        for name in ("start_logits", "end_logits"):
            lowest = torch.finfo(outputs[name].dtype).min
            outputs[name] = outputs[name].masked_fill(mask == 0, lowest)
    return outputs
