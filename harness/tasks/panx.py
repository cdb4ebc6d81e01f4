"""``panx``: named-entity recognition on WikiANN in Rahimi et al.'s split, the paper's Wikiann (Section 4.1)."""

from typing import ClassVar

from harness.common.errors import unknown
from harness.tasks.token_task import TokenTask


class Panx(TokenTask):
    """Persons, organisations and locations as IOB2 tags.

    ``f1`` is seqeval's micro F1 over entities, ``accuracy`` the share of correctly tagged words.
    """

    name: ClassVar[str] = "panx"
    xtreme: ClassVar[tuple[str, ...]] = tuple(
        "af ar bg bn de el en es et eu fa fi fr he hi hu id it ja jv ka kk ko ml mr ms my nl pt ru sw ta te th tl tr "
        "ur vi yo zh".split()
    )
    languages: ClassVar[tuple[str, ...]] = (*xtreme, "az", "gu", "lt", "pa", "pl", "qu", "ro", "uk")
    """XTREME's languages, and the further languages of XTREME-R."""
    labels: ClassVar[tuple[str, ...]] = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC")
    hub: ClassVar[str] = "google/xtreme"
    tags_column: ClassVar[str] = "ner_tags"

    def configuration(self, language: str) -> str:
        if language not in self.xtreme:
            raise unknown(f"data: language of {self.hub}'s PAN-X", language, self.xtreme)
        return f"PAN-X.{language}"


TASK = Panx()
