"""``pawsx``: paraphrase identification, adversarial pairs of PAWS and their translations (Section 4.1)."""

from typing import ClassVar

from harness.tasks.pair_task import PairTask


class Pawsx(PairTask):
    """Whether two sentences with mostly the same words have the same meaning (1) or not (0); accuracy."""

    name: ClassVar[str] = "pawsx"
    xtreme: ClassVar[tuple[str, ...]] = ("de", "en", "es", "fr", "ja", "ko", "zh")
    languages: ClassVar[tuple[str, ...]] = xtreme
    labels: ClassVar[tuple[str, ...]] = ("0", "1")
    hub: ClassVar[str] = "google/xtreme"
    hub_columns: ClassVar[tuple[str, str, str]] = ("sentence1", "sentence2", "label")

    def configuration(self, language: str) -> str:
        return f"PAWS-X.{language}"


TASK = Pawsx()
