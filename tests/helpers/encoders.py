"""Helpers that make tiny encoders of every family, with random weights, and tokenizers for them."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers, processors, trainers
from tokenizers import models as tokenizer_models
from transformers import AutoConfig, AutoModelForMaskedLM, PreTrainedTokenizerFast

from harness import embedded
from harness.data import reading
from harness.data.origin import Origin
from harness.methods import Method
from harness.study import Study
from tests.helpers.studies import SHORT

SMALL = {
    "vocab_size": 19_200,
    "pad_token_id": 1,
    "bos_token_id": 0,
    "eos_token_id": 2,
    "cls_token_id": 0,
    "sep_token_id": 2,
}
BERT = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 66,
}
FAMILIES = {
    "bert": BERT,
    "xlm-roberta": {**BERT, "type_vocab_size": 1},
    "distilbert": {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64, "max_position_embeddings": 66},
    "deberta-v2": {
        **BERT,
        "type_vocab_size": 0,
        "relative_attention": True,
        "position_biased_input": False,
        "pos_att_type": ["p2c", "c2p"],
        "position_buckets": 16,
        "norm_rel_ebd": "layer_norm",
        "share_att_key": True,
        "pooler_hidden_size": 32,
    },
    "modernbert": {**BERT, "reference_compile": False, "attn_implementation": "eager"},
    "electra": {**BERT, "embedding_size": 16},
}
"""mBERT, XLM-R (positions begin after the padding's id), DistilBERT (no token types, no pooler), mDeBERTa-v3,
ModernBERT, ELECTRA."""
MT5 = {"d_model": 32, "d_kv": 16, "d_ff": 64, "num_layers": 2, "num_heads": 2, "decoder_start_token_id": 1}
LENGTH = 60


def tiny_encoder(folder: Path, layers: int = 2) -> None:
    """Save a BERT with few layers and random weights; tokenizer and number of positions are the embedded encoder's."""
    save_encoder(folder, "bert", **BERT | {"num_hidden_layers": layers, "max_position_embeddings": 512})


def save_encoder(folder: Path, kind: str, auto: Any = AutoModelForMaskedLM, **options: Any) -> None:
    """Save an encoder of a kind, with random weights and the embedded encoder's tokenizer."""
    torch.manual_seed(0)
    auto.from_config(AutoConfig.for_model(kind, **{**SMALL, **options})).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(embedded.ENCODER / name, folder)


def make(encoder: str, task: str, method: Method, data: str | Path = "embedded") -> Study:
    """A study that trains one encoder with one method for three steps."""
    return Study(
        name="family",
        task=task,
        methods=(method,),
        settings=(replace(SHORT, max_steps=3, max_length=LENGTH),),
        seeds=(1,),
        targets=("de",),
        encoder=encoder,
        data=str(data),
        precision="fp32",
    )


def byte_level() -> PreTrainedTokenizerFast:
    """A tokenizer that attaches a space to the word after it, like RoBERTa's and ModernBERT's."""
    made = Tokenizer(tokenizer_models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    sentences = (
        " ".join(words) for words, _ in reading.examples(Origin("udpos", "embedded"), "train", "en").rows[:500]
    )
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    made.train_from_iterator(
        sentences, trainers.BpeTrainer(vocab_size=2000, special_tokens=special, initial_alphabet=alphabet)
    )
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    names = {
        "cls_token": "<s>",
        "pad_token": "<pad>",
        "sep_token": "</s>",
        "unk_token": "<unk>",
        "mask_token": "<mask>",
    }
    return PreTrainedTokenizerFast(tokenizer_object=made, model_max_length=64, **names)


def gemma_like() -> PreTrainedTokenizerFast:
    """A tokenizer that marks a word only after a space, like Gemma's and mmBERT's."""
    made = Tokenizer(tokenizer_models.BPE(unk_token="<unk>"))
    made.normalizer = normalizers.Replace(" ", "▁")
    made.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    sentences = (
        " ".join(words) for words, _ in reading.examples(Origin("udpos", "embedded"), "train", "en").rows[:500]
    )
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    made.train_from_iterator(sentences, trainers.BpeTrainer(vocab_size=2000, special_tokens=special))
    return PreTrainedTokenizerFast(tokenizer_object=made, model_max_length=64, pad_token="<pad>", unk_token="<unk>")
