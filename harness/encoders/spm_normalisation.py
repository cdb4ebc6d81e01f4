"""The normalisation that a SentencePiece model brings along, for encoders of which ``transformers`` leaves it out.

mDeBERTa-v3 comes as ``spm.model`` alone. The class for it in ``transformers`` composes characters (NFC) where the model
was pretrained on the file's own rules (NFKC and more), so that a tenth of Chinese words become other sub-words.
"""

from typing import TYPE_CHECKING

from harness.encoders.encoder_files import config, located
from harness.encoders.pinning import Encoder
from harness.encoders.tokenizer_files import WHOLE

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

KIND = "deberta-v2"
"""The kind of encoder (``model_type``) whose class does so."""
MODEL = "spm.model"
NAME = "spm"
"""Marks trials, data and diagonals of a tokenizer that is made here."""


def made_here(encoder: Encoder) -> str:
    """``NAME`` where the encoder's tokenizer needs the file's normalisation, and nothing of another encoder."""
    kind = config(encoder).get("model_type")
    alone = kind == KIND and located(encoder, WHOLE) is None and located(encoder, MODEL) is not None
    return NAME if alone else ""


def identity(encoder: Encoder) -> str:
    """The encoder's revision, marked where its tokenizer is made here: names what is made with both."""
    return " ".join(filter(None, (encoder.revision, made_here(encoder))))


def normalised(loaded: "PreTrainedTokenizerBase", encoder: Encoder) -> "PreTrainedTokenizerBase":
    """The tokenizer with the normalisation of its SentencePiece model, of a class that leaves it alone when saved."""
    from tokenizers import Regex, Tokenizer, normalizers
    from transformers import PreTrainedTokenizerFast

    from harness.compat.transformers import precompiled_charsmap

    file = located(encoder, MODEL)
    assert file is not None
    backend = Tokenizer.from_str(loaded.backend_tokenizer.to_str())
    rules = precompiled_charsmap(file)
    backend.normalizer = normalizers.Sequence(
        [
            *([normalizers.Lowercase()] if getattr(loaded, "do_lower_case", False) else []),
            *([normalizers.Precompiled(rules)] if rules else []),
            normalizers.Replace(Regex(r"\A +| +\z"), ""),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        **loaded.special_tokens_map,
        model_max_length=loaded.model_max_length,
        model_input_names=loaded.model_input_names,
    )
