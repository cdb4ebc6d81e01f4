"""``xquad``: XQuAD (Artetxe et al., 2020), professional translations of 1,190 questions of SQuAD 1.1's dev set."""

from typing import ClassVar

from harness.tasks.question_task import QuestionTask
from harness.tasks.shipped import squad


class Xquad(QuestionTask):
    """Trained on SQuAD 1.1. ``f1`` and ``exact_match`` follow SQuAD's rules in every language, as in XTREME.

    As in XTREME, the dev set is SQuAD's, which contains the test questions.
    """

    name: ClassVar[str] = "xquad"
    xtreme: ClassVar[tuple[str, ...]] = tuple("ar de el en es hi ru th tr vi zh".split())
    languages: ClassVar[tuple[str, ...]] = (*xtreme, "ro")
    """XTREME's languages, and Romanian, which was added later and is missing from the hub's copy of XTREME."""
    hub: ClassVar[str] = squad.HUB

    def files(self, split: str, language: str) -> tuple[str, ...]:
        published = f"xquad/xquad.{language}.json" if split == "test" else squad.FILES[split]
        return (*super().files(split, language), published)

    def configuration(self, language: str) -> str:
        return squad.known(f"XQuAD.{language}", language, self.xtreme)

    def hub_part(self, split: str, language: str) -> tuple[str, str]:
        return (self.configuration(language), "validation") if split == "test" else squad.HUB_PARTS[split]


TASK = Xquad()
