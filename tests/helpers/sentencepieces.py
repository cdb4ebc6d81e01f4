"""Helpers that train small SentencePiece models on the embedded text."""

import io
from pathlib import Path
from typing import Any

import sentencepiece

from harness import embedded

DEBERTA: dict[str, Any] = {
    "pad_id": 0,
    "pad_piece": "[PAD]",
    "bos_id": 1,
    "bos_piece": "[CLS]",
    "eos_id": 2,
    "eos_piece": "[SEP]",
    "unk_id": 3,
    "unk_piece": "[UNK]",
}
"""The special pieces of DeBERTa's models."""


def train(file: Path, languages: tuple[str, ...] = ("en", "zh"), lines: int = 150, **options: Any) -> None:
    """Write a unigram model of at most 4000 pieces, with SentencePiece's own normalisation (NFKC and more)."""
    texts = [(embedded.TEXT / f"{language}.txt").read_text(encoding="utf-8") for language in languages]
    sentences = [line for text in texts for line in text.splitlines()[:lines]]
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences),
        model_writer=model,
        vocab_size=4000,
        model_type="unigram",
        hard_vocab_limit=False,
        num_threads=1,
        minloglevel=2,
        **options,
    )
    file.write_bytes(model.getvalue())
