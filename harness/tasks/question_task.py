"""Extractive question answering: the part of a text that answers a question."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from harness.tasks import squad_scores
from harness.tasks.base import Task, symmetric_divergence
from harness.tasks.label_counts import LabelCounts
from harness.tasks.questions import spans, squad_format, windows
from harness.tasks.questions.squad_format import Question
from harness.tasks.squad_scores import Normalise

if TYPE_CHECKING:
    from datasets import Dataset
    from torch import Tensor
    from transformers import DataCollator, PreTrainedModel, PreTrainedTokenizerBase


class QuestionTask(Task[Question]):
    """Base of tasks with parts of a context as answers.

    Files are SQuAD's JSON. The hub's data sets have the columns ``id``, ``question``, ``context`` and ``answers`` (with
    ``text`` and ``answer_start``). A long context is cut into overlapping windows, each with the question before it
    (``questions.windows``). The head scores every sub-word as the first and as the last sub-word of the answer. The
    answer is the best span over all windows (``questions.spans``). The store keeps texts: the model's answer, and as
    gold the accepted answers, or a single empty text if there are none.
    """

    auto_model: ClassVar[str] = "AutoModelForQuestionAnswering"
    labels: ClassVar[tuple[str, ...]] = ("start", "end")
    metric: ClassVar[str] = "f1"
    other_metrics: ClassVar[tuple[str, ...]] = ("exact_match", "f1")
    suffixes: ClassVar[tuple[str, ...]] = (".json",)
    read_by_answers: ClassVar[tuple[str, ...]] = ("first", "last")
    no_answer: ClassVar[bool] = False
    """Whether a question may lack an answer, as in SQuAD 2.0.

    The model then gives no answer if, in every window, the first special token scores higher than the best span of all
    windows.
    """

    unique_ids: ClassVar[bool] = True
    """Whether the ids of a file's questions must differ."""

    def normalise(self, language: str) -> Normalise:
        """The normalisation of answers before comparison. The default is SQuAD's for English, as in XTREME."""
        return squad_scores.squad

    def read(self, file: Path) -> list[Question]:
        return squad_format.of_file(file, no_answer=self.no_answer, unique_ids=self.unique_ids)

    def from_hub(self, rows: "Dataset", where: str) -> list[Question]:
        return squad_format.of_hub(rows, where, no_answer=self.no_answer)

    def passages(self, examples: Sequence[Question]) -> list[str]:
        """Each context and each question once."""
        return list(dict.fromkeys(text for example in examples for text in (example.context, example.question)))

    def encode(self, examples: Sequence[Question], tokenizer: "PreTrainedTokenizerBase", max_length: int) -> "Dataset":
        return windows.encoded(examples, tokenizer, max_length)

    def collator(self, tokenizer: "PreTrainedTokenizerBase") -> "DataCollator":
        from transformers import DataCollatorWithPadding

        return DataCollatorWithPadding(tokenizer)

    def prepare(self, model: "PreTrainedModel") -> None:
        model.register_forward_hook(spans.mask_padding, with_kwargs=True)

    def loss(self, outputs: "Mapping[str, Tensor]", labels: "Tensor") -> "Tensor":
        """Cross entropy of the first and the last sub-word over all positions of a window, in nats.

        Both are summed over the batch.
        """
        from torch.nn.functional import cross_entropy

        first, last = labels.unbind(-1)
        return cross_entropy(outputs["start_logits"].float(), first, reduction="sum") + cross_entropy(
            outputs["end_logits"].float(), last, reduction="sum"
        )

    def divergence(self, one: "Mapping[str, Tensor]", other: "Mapping[str, Tensor]", labels: "Tensor") -> "Tensor":
        """The symmetric divergences of the first and of the last sub-word, summed over the batch."""
        return symmetric_divergence(one["start_logits"], other["start_logits"]) + symmetric_divergence(
            one["end_logits"], other["end_logits"]
        )

    def row_answers(self, outputs: "Mapping[str, Tensor]", rows: Sequence[Mapping[str, Any]]) -> list[Any]:
        return spans.best_spans(outputs["start_logits"].float(), outputs["end_logits"].float(), rows)

    def gather(self, gold: Sequence[Sequence[str]], rows: "Dataset", predicted: Sequence[Any]) -> list[list[str]]:
        return [[text] for text in spans.texts(rows, predicted, len(gold), no_answer=self.no_answer)]

    def gold(self, examples: Sequence[Question]) -> list[list[str]]:
        return [list(example.answers) or [""] for example in examples]

    def scores(self, gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> dict[str, float]:
        """The scores by ``scores_in``, for a task with the same rules in every language."""
        return self.scores_in("", gold, predicted)

    def scores_in(
        self, language: str, gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]
    ) -> dict[str, float]:
        """``exact_match`` and ``f1``, means over the questions × 100; see ``squad_scores``."""
        exact = self._exact(language, gold, predicted)
        f1 = self._f1(language, gold, predicted)
        return {"exact_match": 100 * sum(exact) / len(exact), "f1": 100 * sum(f1) / len(f1)}

    def of_each(
        self, language: str, gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]
    ) -> Sequence[float]:
        return self._f1(language, gold, predicted) if self.metric == "f1" else self._exact(language, gold, predicted)

    def _exact(self, language: str, gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> list[bool]:
        normalise = self.normalise(language)
        return [
            squad_scores.exact_match(answer, accepted, normalise)
            for accepted, (answer,) in zip(gold, predicted, strict=True)
        ]

    def _f1(self, language: str, gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> list[float]:
        normalise = self.normalise(language)
        return [
            squad_scores.f1(answer, accepted, normalise, no_answer=self.no_answer)
            for accepted, (answer,) in zip(gold, predicted, strict=True)
        ]

    def counts(
        self, language: str, gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]], rows: "Dataset"
    ) -> LabelCounts:
        """Counts of questions, and of exactly answered questions.

        A constant answer does not depend on the question. It is one text for all questions, possibly empty, or the
        first n sub-words of the context, with n from 1 to ``spans.LONGEST``. A model must beat the best constant answer
        on the test set. Two answers count as the same if they are equal after normalisation.
        """
        normalise = self.normalise(language)
        given = Counter(normalise(answer) for (answer,) in predicted)
        return LabelCounts(
            labels=len(gold),
            right=sum(self._exact(language, gold, predicted)),
            constant=max(_same_text(gold, normalise), _beginning(gold, rows, normalise)),
            predicted=len(predicted),
            commonest=max(given.values()),
        )

    def constant(self, gold: Sequence[Sequence[str]]) -> None:
        """``None``, because answers are not labels."""


def _same_text(gold: Sequence[Sequence[str]], normalise: Normalise) -> int:
    """Number of questions that the best single text answers exactly."""
    accepted = Counter(text for texts in gold for text in set(map(normalise, texts)))
    return max(accepted.values())


def _beginning(gold: Sequence[Sequence[str]], rows: "Dataset", normalise: Normalise) -> int:
    """Number of questions that the context's first n sub-words answer exactly, for the best n."""
    right: Counter[int] = Counter()
    for accepted, texts in zip(gold, spans.beginnings(rows, len(gold)), strict=True):
        wanted = set(map(normalise, accepted))
        longest = normalise(texts[-1]) if texts else ""
        if any(longest.startswith(text) for text in wanted):  # saves the slow loop for most contexts
            right.update(n for n, text in enumerate(texts) if normalise(text) in wanted)
    return max(right.values(), default=0)
