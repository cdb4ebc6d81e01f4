"""Checks of an encoder's tokenizer on a study's own text.

The tokenizer must agree with its files and know the scripts of the study.
"""

import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import chain, groupby

from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerBase

from harness.common.errors import UserError
from harness.data import reading
from harness.data.origin import Origin
from harness.encoders import loading, tokenizer_files
from harness.encoders.encoder_files import located
from harness.encoders.pinning import Encoder
from harness.tasks import Task, task_named

PASSAGES = 100
"""Largest number of a language's test examples whose text the checks read."""
MOST_IN_SOURCE, MANY_IN_TARGET = 20.0, 5.0
"""Largest shares (%) of unknown sub-words, in the source and in a target.

Above the first, the tokenizer is refused. Above the second, a warning names the target.
"""
EXCERPT = 40
"""Number of characters of a text in a message."""

Ids = Callable[[str], list[int]]
"""Function from a text to the ids of its sub-words. Adjacent unknown sub-words count as one."""


def check(encoder: Encoder, origin: Origin, source: str, targets: Iterable[str]) -> None:
    """Refuse a tokenizer that does not fit its own file or the source language.

    Raises ``UserError`` if the tokenizer and its file split the study's text differently, or if more than
    ``MOST_IN_SOURCE`` % of the source's sub-words are unknown.
    """
    languages = dict.fromkeys((source, *targets))
    _check_agreement(encoder, chain.from_iterable(passages(origin, language) for language in languages))
    share = unknown(encoder, origin, source)
    if share > MOST_IN_SOURCE:
        raise UserError(
            f"encoder: the tokenizer of {encoder.path!r} does not know {share:.0f} % of the sub-words in the source "
            f"language {source!r}; at most {MOST_IN_SOURCE:.0f} % are allowed. Give an encoder for this language"
        )


def warnings(encoder: Encoder, origin: Origin, targets: Iterable[str]) -> list[str]:
    """A warning on each target language with more than ``MANY_IN_TARGET`` % unknown sub-words."""
    shares = {language: unknown(encoder, origin, language) for language in targets}
    return [
        f"the tokenizer does not know {share:.0f} % of the sub-words in the target language {language!r}"
        for language, share in shares.items()
        if share > MANY_IN_TARGET
    ]


@lru_cache(maxsize=256)
def passages(origin: Origin, language: str) -> tuple[str, ...]:
    """The text of the first test examples of a language; empty if the task does not define ``passages``."""
    task = task_named(origin.task)
    if type(task).passages is Task.passages:
        return ()
    return tuple(task.passages(reading.examples(origin, "test", language).rows[:PASSAGES]))


@lru_cache(maxsize=256)
def unknown(encoder: Encoder, origin: Origin, language: str) -> float:
    """Share (%) of unknown sub-words in a language's text. A word without any sub-word counts as one unknown."""
    tokenizer = loading.tokenizer(encoder)
    words = [word for passage in passages(origin, language) for word in passage.split()]
    if not words:
        return 0.0
    ids = tokenizer(words, add_special_tokens=False, verbose=False)["input_ids"]
    missed = sum(row.count(tokenizer.unk_token_id) if row else 1 for row in ids)
    return 100 * missed / sum(max(len(row), 1) for row in ids)


def _check_agreement(encoder: Encoder, texts: Iterable[str]) -> None:
    """Raise ``UserError`` if the tokenizer and the encoder's file give a text different sub-words."""
    tokenizer = loading.tokenizer(encoder)
    found = _of_file(encoder, tokenizer)
    if found is None:
        return
    file, theirs = found

    def ours(text: str) -> list[int]:
        return _fused(tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"], tokenizer.unk_token_id)

    reduced = _reduced if _rewrites(tokenizer) and file != tokenizer_files.WHOLE else str
    special = set(tokenizer.all_special_tokens)
    for text in map(reduced, texts):
        # A space before the first word is an option outside the file, not a different tokenizer. A SentencePiece model
        # reads the characters of a special token as plain text.
        if any(token in text for token in special) or any(ours(t) == theirs(t) for t in (text, f" {text}")):
            continue
        word = next((word for word in text.split() if ours(word) != theirs(word)), text)
        shown = [" ".join(tokenizer.convert_ids_to_tokens(way(word)))[:EXCERPT] for way in (ours, theirs)]
        raise UserError(
            f"encoder: transformers does not make the tokenizer that is in {file} of {encoder.path!r}: "
            f"{word[:EXCERPT]!r} becomes {shown[0]!r}, and by the file {shown[1]!r}. {_way_out(file)}"
        )


def _of_file(encoder: Encoder, tokenizer: PreTrainedTokenizerBase) -> tuple[str, Ids] | None:
    """The name of the file with the encoder's tokenizer, and a function to the sub-words by that file alone.

    ``None`` for a list of pieces (``vocab.txt``, ``vocab.json``), because it has no rules to compare with.
    """
    unk = tokenizer.unk_token_id
    whole = located(encoder, tokenizer_files.WHOLE)
    if whole is not None:
        backend = Tokenizer.from_file(str(whole))
        backend.no_truncation()
        backend.no_padding()
        return whole.name, lambda text: _fused(backend.encode(text, add_special_tokens=False).ids, unk)
    model = tokenizer_files.sentencepiece_model(encoder)
    if model is None:
        return None
    from sentencepiece import SentencePieceProcessor

    processor = SentencePieceProcessor(model_file=str(model))
    pieces = [processor.id_to_piece(i) for i in range(processor.get_piece_size())]
    ids = [unk if i == processor.unk_id() else tokenizer.convert_tokens_to_ids(p) for i, p in enumerate(pieces)]
    return model.name, lambda text: _fused([ids[i] for i in processor.encode(text)], unk)


def _fused(ids: Iterable[int], unk: int | None) -> list[int]:
    """Ids with adjacent unknown sub-words merged into one, because libraries count them differently."""
    return [i for key, same in groupby(ids) for i in ([key] if key == unk else same)]


def _rewrites(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether a tokenizer's class changes text before the SentencePiece model reads it, as for ALBERT and XLNet."""
    return bool(getattr(tokenizer, "do_lower_case", False)) or not getattr(tokenizer, "keep_accents", True)


def _reduced(text: str) -> str:
    """The text after the changes that ``_rewrites`` looks for. The tokenizer then finds nothing to change."""
    letters = (c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
    return "".join(letters).replace("``", '"').replace("''", '"')


def _way_out(file: str) -> str:
    if file == tokenizer_files.WHOLE:
        return 'Set "tokenizer_class": "PreTrainedTokenizerFast" in the tokenizer_config.json of a copy of the encoder'
    return f"Add a {tokenizer_files.WHOLE} that was made from {file}"
