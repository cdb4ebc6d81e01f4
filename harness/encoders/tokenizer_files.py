"""The files of a tokenizer. Without them ``transformers`` makes up a tokenizer with about five tokens."""

from pathlib import Path
from typing import TYPE_CHECKING

from harness.common.errors import UserError
from harness.encoders.encoder_files import check_fetched, located
from harness.encoders.pinning import Encoder

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

WHOLE = "tokenizer.json"
"""The file with a complete tokenizer."""
SENTENCEPIECE = ("spm.model", "sentencepiece.bpe.model", "spiece.model", "sentencepiece.model", "tokenizer.model")
"""Names of the SentencePiece model in the families of encoders."""
VOCABULARIES = (WHOLE, "vocab.*", "*.model", "*.tiktoken", "tekken.json", "*.spm")
"""Patterns of the files that may have a tokenizer's vocabulary."""
SUFFIXES = (".json", ".txt", ".model", ".spm", ".tiktoken", ".bpe")
"""Suffixes of the files from which a tokenizer is read."""


def check_there(encoder: Encoder) -> None:
    """Refuse a folder without a tokenizer, or with Git LFS pointers in its place. Raises ``UserError``."""
    check_fetched(encoder, SUFFIXES)
    folder = Path(encoder.path)
    if folder.is_dir() and not any(any(folder.glob(pattern)) for pattern in VOCABULARIES):
        raise _lacking(encoder, [WHOLE])


def check_vocabulary(encoder: Encoder, loaded: "PreTrainedTokenizerBase") -> None:
    """Refuse a tokenizer whose class reads its vocabulary from files that the encoder lacks. Raises ``UserError``."""
    if located(encoder, WHOLE) is not None:
        return
    names = {key: name for key, name in loaded.vocab_files_names.items() if key != "tokenizer_file"}
    lacking = [name for name in names.values() if located(encoder, name) is None]
    if lacking and (len(names) > 1 or located(encoder, SENTENCEPIECE[-1]) is None):
        raise _lacking(encoder, [WHOLE, *lacking])
    if not names:
        raise _lacking(encoder, [WHOLE])


def sentencepiece_model(encoder: Encoder) -> Path | None:
    """The encoder's SentencePiece model on this machine, or ``None``."""
    return next((file for name in SENTENCEPIECE if (file := located(encoder, name)) is not None), None)


def _lacking(encoder: Encoder, names: list[str]) -> UserError:
    """The error for an encoder without its tokenizer."""
    return UserError(
        f"encoder: the tokenizer of {encoder.path!r} is missing: there is no {' and no '.join(names)}. Copy the files "
        f"of the base model's tokenizer there, or call its tokenizer.save_pretrained({encoder.path!r})"
    )
