"""Scripts in which a language is written, and scripts of a text."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

HAN, KANA = "Han", "Kana"
OF_CHARACTERS = {"CJK": HAN, "HIRAGANA": KANA, "KATAKANA": KANA, "HALFWIDTH": KANA, "FULLWIDTH": "Latin"}
"""Scripts by the first word of a character's Unicode name, if that word is not the script itself."""
OF_LANGUAGES = {
    "Latin": "af az ca cs cy da de en es et eu fi fr ga gl hr ht hu id is it jv kk la lt lv ms mt nb nl nn no pl pt qu "
    "ro sk sl sq sr sv sw tl tr uz vi wo xh yo zu",
    "Cyrillic": "az be bg kk ky mk mn ru sr tg uk uz",
    "Arabic": "ar az ckb fa kk pa ps sd ug ur",
    "Devanagari": "hi mr ne sa",
    "Greek": "el",
    "Hebrew": "he yi",
    "Bengali": "as bn",
    "Gujarati": "gu",
    "Gurmukhi": "pa",
    "Kannada": "kn",
    "Malayalam": "ml",
    "Tamil": "ta",
    "Telugu": "te",
    "Sinhala": "si",
    "Thai": "th",
    "Lao": "lo",
    "Khmer": "km",
    "Myanmar": "my",
    "Georgian": "ka",
    "Armenian": "hy",
    "Ethiopic": "am ti",
    "Hangul": "ko",
    HAN: "ja ko zh",
    KANA: "ja",
}
"""The languages of each script, by ISO 639 code (Unicode CLDR: likely subtags and further scripts in use)."""
OF_SUBTAGS = {"Latn": "Latin", "Cyrl": "Cyrillic", "Arab": "Arabic", "Deva": "Devanagari", "Hans": HAN, "Hant": HAN}
"""Scripts by subtag, as in ``sr-Latn``."""


def expected(language: str) -> set[str]:
    """The scripts of a language, by its tag; empty if they are not known."""
    code, *subtags = re.split("[-_]", language)
    said = {OF_SUBTAGS[subtag] for subtag in subtags if subtag in OF_SUBTAGS}
    return said or {script for script, codes in OF_LANGUAGES.items() if code in codes.split()}


def shares(texts: Iterable[str]) -> dict[str, float]:
    """Shares (%) of the letters of texts by script, the largest first. Other characters do not count."""
    counts = Counter(_script(c) for text in texts for c in text if c.isalpha())
    total = sum(counts.values())
    return {script: 100 * count / total for script, count in counts.most_common()}


def _script(character: str) -> str:
    word = unicodedata.name(character, "UNKNOWN").split("-")[0].split()[0]
    return OF_CHARACTERS.get(word, word.capitalize())
