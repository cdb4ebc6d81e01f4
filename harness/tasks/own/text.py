"""``kind: text``: one label for one text."""

from dataclasses import dataclass
from typing import ClassVar

from harness.tasks.own.sequence import OwnClassification


@dataclass(frozen=True, kw_only=True)
class OwnText(OwnClassification):
    """``text`` and ``label`` name one column each."""

    name: ClassVar[str] = "text"
    counts_of_texts: ClassVar[tuple[int, ...]] = (1,)
