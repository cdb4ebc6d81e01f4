"""``xnli``: natural language inference, trained on MultiNLI, tested on translated pairs (Section 4.1)."""

from typing import ClassVar

from harness.tasks.pair_task import PairTask


class Xnli(PairTask):
    """Whether a premise entails, contradicts or leaves open a hypothesis; accuracy."""

    name: ClassVar[str] = "xnli"
    xtreme: ClassVar[tuple[str, ...]] = tuple("ar bg de el en es fr hi ru sw th tr ur vi zh".split())
    languages: ClassVar[tuple[str, ...]] = xtreme
    labels: ClassVar[tuple[str, ...]] = ("entailment", "neutral", "contradiction")
    hub: ClassVar[str] = "facebook/xnli"
    """google/xtreme is not used, because its XNLI has no training data."""
    hub_columns: ClassVar[tuple[str, str, str]] = ("premise", "hypothesis", "label")

    def configuration(self, language: str) -> str:
        return language


TASK = Xnli()
