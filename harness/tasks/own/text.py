"""``kind: text``: one label for one text."""

from dataclasses import dataclass
from typing import ClassVar

from harness.tasks.own.sequence import OwnClassification


@dataclass(frozen=True, kw_only=True)
class OwnText(OwnClassification):
    """``text`` names one column, and ``label`` one."""

    name: ClassVar[str] = "text"
    counts_of_texts: ClassVar[tuple[int, ...]] = (1,)
