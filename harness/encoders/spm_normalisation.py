"""The normalisation of a SentencePiece model, for encoders whose class in ``transformers`` omits it.

mDeBERTa-v3 ships ``spm.model`` alone. Its class in ``transformers`` composes characters (NFC), but the model was
pretrained with the file's own rules (NFKC and more). A tenth of Chinese words would become other sub-words.
"""

from typing import TYPE_CHECKING

from harness.encoders.encoder_files import config, located
from harness.encoders.pinning import Encoder
from harness.encoders.tokenizer_files import WHOLE

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

KIND = "deberta-v2"
"""The kind of encoder (``model_type``) whose class omits the normalisation."""
MODEL = "spm.model"
NAME = "spm"
"""Mark in the identity of trials, data and Fisher diagonals with a tokenizer built here."""


def made_here(encoder: Encoder) -> str:
    """``NAME`` if the encoder's tokenizer needs the file's normalisation, else empty."""
    kind = config(encoder).get("model_type")
    alone = kind == KIND and located(encoder, WHOLE) is None and located(encoder, MODEL) is not None
    return NAME if alone else ""


def identity(encoder: Encoder) -> str:
    """The identity of encoder and tokenizer: the encoder's revision, with ``NAME`` if its tokenizer is built here."""
    return " ".join(filter(None, (encoder.revision, made_here(encoder))))


def normalised(loaded: "PreTrainedTokenizerBase", encoder: Encoder) -> "PreTrainedTokenizerBase":
    """The tokenizer with its SentencePiece model's normalisation, in a class that keeps it when saved."""
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
