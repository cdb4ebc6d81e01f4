"""``tydiqa``: the gold passage task of TyDi QA 1.1 (Clark et al., 2020), questions by people seeking information."""

from typing import TYPE_CHECKING, ClassVar

from harness.common.errors import UserError
from harness.tasks.question_task import QuestionTask
from harness.tasks.shipped import squad

if TYPE_CHECKING:
    from datasets import Dataset

ENGLISH_NAMES = {
    "ar": "arabic",
    "bn": "bengali",
    "en": "english",
    "fi": "finnish",
    "id": "indonesian",
    "ko": "korean",
    "ru": "russian",
    "sw": "swahili",
    "te": "telugu",
}
"""Languages' English names, with which the ids of questions begin."""


class Tydiqa(QuestionTask):
    """Trained on its own English part. ``f1`` and ``exact_match`` follow SQuAD's rules in every language, as in XTREME.

    The labels of its test set are secret. As in XTREME, its dev set is the test set, and the English dev set is also
    the dev set.
    """

    name: ClassVar[str] = "tydiqa"
    xtreme: ClassVar[tuple[str, ...]] = tuple(ENGLISH_NAMES)
    languages: ClassVar[tuple[str, ...]] = xtreme
    hub: ClassVar[str] = squad.HUB
    unique_ids: ClassVar[bool] = False
    """Ids need not differ: XTREME's script reduces each id of the training data to a number."""

    def files(self, split: str, language: str) -> tuple[str, ...]:
        part = "train" if split == "train" else "dev"
        name = ENGLISH_NAMES.get(language, language)
        folder = f"tydiqa/tydiqa-goldp-v1.1-{part}"
        return (
            *super().files(split, language),
            f"{folder}/tydiqa.goldp.{language}.{part}.json",
            f"{folder}/tydiqa-goldp-{part}-{name}.json",  # as published
        )

    def configuration(self, language: str) -> str:
        squad.known("tydiqa", language, self.languages)
        return "tydiqa"

    def hub_part(self, split: str, language: str) -> tuple[str, str]:
        return self.configuration(language), "train" if split == "train" else "validation"

    def of_language(self, rows: "Dataset", language: str) -> "Dataset":
        ids = rows["id"][:] if "id" in rows.column_names else []
        if rows.num_rows and not ids:
            raise UserError(f"data: {self.hub}'s tydiqa has no column 'id', which says a question's language")
        prefix = f"{ENGLISH_NAMES[language]}-"
        return rows.select([number for number, name in enumerate(ids) if str(name).startswith(prefix)])


TASK = Tydiqa()
