"""``mlqa``: MLQA (Lewis et al., 2020), questions on aligned sentences of Wikipedia.

Question and context are in the same language.
"""

from typing import ClassVar

from harness.tasks import squad_scores
from harness.tasks.question_task import QuestionTask
from harness.tasks.shipped import squad
from harness.tasks.squad_scores import Normalise


class Mlqa(QuestionTask):
    """Trained on SQuAD 1.1, with its dev set as the dev set, as in XTREME.

    ``f1`` and ``exact_match`` follow MLQA's rules: articles, punctuation and words of the language.
    """

    name: ClassVar[str] = "mlqa"
    xtreme: ClassVar[tuple[str, ...]] = tuple("ar de en es hi vi zh".split())
    languages: ClassVar[tuple[str, ...]] = xtreme
    hub: ClassVar[str] = squad.HUB

    def normalise(self, language: str) -> Normalise:
        return squad_scores.mlqa(language)

    def files(self, split: str, language: str) -> tuple[str, ...]:
        published = f"mlqa/MLQA_V1/test/test-context-{language}-question-{language}.json"
        return (*super().files(split, language), published if split == "test" else squad.FILES[split])

    def configuration(self, language: str) -> str:
        return squad.known(f"MLQA.{language}.{language}", language, self.languages)

    def hub_part(self, split: str, language: str) -> tuple[str, str]:
        return (self.configuration(language), "test") if split == "test" else squad.HUB_PARTS[split]


TASK = Mlqa()
