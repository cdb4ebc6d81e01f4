"""``kind: pair``: one label for two texts."""

from dataclasses import dataclass
from typing import ClassVar

from harness.tasks.own.sequence import OwnClassification


@dataclass(frozen=True, kw_only=True)
class OwnPair(OwnClassification):
    """``text`` names two columns, and ``label`` names one column."""

    name: ClassVar[str] = "pair"
    counts_of_texts: ClassVar[tuple[int, ...]] = (2,)
