"""Exact match and F1 of answers in a text, like SQuAD's and MLQA's own scripts.

SQuAD: Rajpurkar et al. (2016), evaluate-v1.1.py, and (2018), evaluate-v2.0.py, for questions without an answer. XTREME
uses version 1.1 for XQuAD and TyDi QA GoldP in every language. MLQA: Lewis et al. (2020), mlqa_evaluation_v1.py, with
articles, punctuation and words of the language. The most similar accepted answer decides a question's score.
"""

import re
import string
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache, partial

Normalise = Callable[[str], str]
"""Function from an answer to the text for comparison: words separated by single spaces."""

ENGLISH_ARTICLES = r"\b(a|an|the)\b"
ARTICLES = {
    "ar": r"\sال^|ال",
    "de": r"\b(ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b",
    "en": ENGLISH_ARTICLES,
    "es": r"\b(un|una|unos|unas|el|la|los|las)\b",
    "vi": r"\b(của|là|cái|chiếc|những)\b",
}
"""Patterns of the articles that MLQA removes; other languages lose none.

The Arabic pattern matches every ``ال``, like MLQA's own.
"""
ALONE = {"ja": r"[\u3040-\u30ff\u4e00-\u9fff]", "zh": r"[\u4e00-\u9fa5]"}
"""Characters that are words by themselves, in languages without spaces.

MLQA has no Japanese. Kana and Chinese characters in Japanese are treated like MLQA's Chinese characters.
"""


def squad(answer: str) -> str:
    """SQuAD's normalisation: lower case, no ASCII punctuation, no English articles, words split at spaces."""
    kept = "".join(char for char in answer.lower() if char not in string.punctuation)
    return " ".join(re.sub(ENGLISH_ARTICLES, " ", kept).split())


def mlqa(language: str) -> Normalise:
    """MLQA's normalisation of answers in a language: lower case, no punctuation of any script, no articles of the
    language.
    """
    return partial(_mlqa, language=language)


def _mlqa(answer: str, *, language: str) -> str:
    punctuation = _punctuation()
    kept = "".join(char for char in answer.lower() if char not in punctuation)
    without = re.sub(ARTICLES[language], " ", kept) if language in ARTICLES else kept
    alone = ALONE.get(language)
    return " ".join((re.sub(f"({alone})", r" \1 ", without) if alone else without).split())


@cache
def _punctuation() -> frozenset[str]:
    """All punctuation of Unicode and ASCII. Unicode counts some of ASCII's as symbols."""
    every = map(chr, range(sys.maxunicode))
    return frozenset(string.punctuation).union(char for char in every if unicodedata.category(char).startswith("P"))


def exact_match(answer: str, accepted: Sequence[str], normalise: Normalise) -> bool:
    """Whether an answer equals an accepted answer after normalisation."""
    given = normalise(answer)
    return any(given == normalise(text) for text in accepted)


def f1(answer: str, accepted: Sequence[str], normalise: Normalise, *, no_answer: bool = False) -> float:
    """F1, between 0 and 1, of an answer's words against the words of the most similar accepted answer.

    With ``no_answer``, as in SQuAD 2.0, an empty answer has an F1 of 1 if an accepted answer is empty too.
    Without ``no_answer``, an empty answer always has an F1 of 0.
    """
    given = normalise(answer).split()
    return max(_f1(given, normalise(text).split(), no_answer) for text in accepted)


def _f1(given: list[str], right: list[str], no_answer: bool) -> float:
    if no_answer and not (given and right):
        return float(given == right)
    common = sum((Counter(given) & Counter(right)).values())
    if not common:
        return 0.0
    precision, recall = common / len(given), common / len(right)
    return 2 * precision * recall / (precision + recall)
