"""``udpos``: part-of-speech tagging on Universal Dependencies 2.5 treebanks, as XTREME cuts them (Section 4.1)."""

from typing import ClassVar

from harness.tasks.token_task import TokenTask


class Udpos(TokenTask):
    """One of 17 universal tags a word.

    ``f1`` is XTREME's metric, seqeval's micro F1 over the tag sequence read as entities: neighbours of one tag are one entity, and
    CCONJ and SCONJ are one type, as seqeval takes the first letter of a tag for its prefix. ``accuracy`` is the plain share of words.
    """

    name: ClassVar[str] = "udpos"
    languages: ClassVar[tuple[str, ...]] = tuple(
        "af ar bg de el en es et eu fa fi fr he hi hu id it ja kk ko mr nl pt ru ta te th tl tr ur vi yo zh".split()
    )
    labels: ClassVar[tuple[str, ...]] = tuple("ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X".split())
    metric: ClassVar[str] = "f1"
