"""``udpos``: part-of-speech tagging on Universal Dependencies 2.5 treebanks, as XTREME prepares them (Section 4.1)."""

from typing import ClassVar

from harness.common.errors import unknown
from harness.tasks.token_task import TokenTask

ENGLISH_NAMES = {
    "af": "Afrikaans",
    "ar": "Arabic",
    "bg": "Bulgarian",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "et": "Estonian",
    "eu": "Basque",
    "fa": "Persian",
    "fi": "Finnish",
    "fr": "French",
    "he": "Hebrew",
    "hi": "Hindi",
    "hu": "Hungarian",
    "id": "Indonesian",
    "it": "Italian",
    "ja": "Japanese",
    "kk": "Kazakh",
    "ko": "Korean",
    "mr": "Marathi",
    "nl": "Dutch",
    "pt": "Portuguese",
    "ru": "Russian",
    "ta": "Tamil",
    "te": "Telugu",
    "th": "Thai",
    "tl": "Tagalog",
    "tr": "Turkish",
    "ur": "Urdu",
    "vi": "Vietnamese",
    "yo": "Yoruba",
    "zh": "Chinese",
}
"""Languages' English names, as in the names of the hub's configurations."""


class Udpos(TokenTask):
    """One of 17 universal tags per word.

    ``f1`` is XTREME's metric, the micro F1 of seqeval 0.0.12 with tags read as entities. Adjacent words with the same
    tag are one entity. SCONJ and SYM are exceptions, an entity for each word: seqeval reads the first letter of a tag
    as its prefix. ``accuracy`` is the share of correctly tagged words.
    """

    name: ClassVar[str] = "udpos"
    xtreme: ClassVar[tuple[str, ...]] = tuple(ENGLISH_NAMES)
    languages: ClassVar[tuple[str, ...]] = (*xtreme, "lt", "pl", "ro", "uk", "wo")
    """XTREME's languages, and the further languages of XTREME-R."""
    labels: ClassVar[tuple[str, ...]] = tuple(
        "ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X".split()
    )
    hub: ClassVar[str] = "google/xtreme"
    tags_column: ClassVar[str] = "pos_tags"

    def configuration(self, language: str) -> str:
        if language not in ENGLISH_NAMES:
            raise unknown(f"data: language of {self.hub}'s udpos", language, ENGLISH_NAMES)
        return f"udpos.{ENGLISH_NAMES[language]}"


TASK = Udpos()
