"""A tokenizer of special tokens alone pads like the whole tokenizer."""

import json
from collections.abc import Callable

import pytest
from transformers import DataCollatorForTokenClassification, DataCollatorWithPadding, PreTrainedTokenizerBase

from harness.data.padding_tokenizer import described, description
from harness.encoders import loading, pinning
from tests.helpers.encoders import byte_level, gemma_like

ROWS = ([5, 6, 7, 8], [5], [9, 6])


def embedded() -> PreTrainedTokenizerBase:
    return loading.tokenizer(pinning.find("embedded"))


def xlnet_like() -> PreTrainedTokenizerBase:
    """A tokenizer with the XLNet tokenizer's kind of padding token, and BERT's inputs."""
    made: PreTrainedTokenizerBase = gemma_like()
    made._pad_token_type_id = 3
    made.model_input_names = ["input_ids", "token_type_ids", "attention_mask"]
    return made


@pytest.mark.parametrize("make", [embedded, byte_level, gemma_like, xlnet_like])
def test_special_tokens_pad_like_the_whole_tokenizer(make: Callable[[], PreTrainedTokenizerBase]) -> None:
    whole = make()
    alone = described(json.loads(json.dumps(description(whole))))
    features = [
        {name: ids if name == "input_ids" else [1] * len(ids) for name in whole.model_input_names} for ids in ROWS
    ]
    padded, expected = (tokenizer.pad(features, return_tensors="pt") for tokenizer in (alone, whole))
    assert {name: tensor.tolist() for name, tensor in padded.items()} == {
        name: tensor.tolist() for name, tensor in expected.items()
    }
    assert alone.special_tokens_map == whole.special_tokens_map
    for name in ("pad_token_id", "unk_token_id", "bos_token_id", "eos_token_id", "mask_token_id", "model_max_length"):
        assert getattr(alone, name) == getattr(whole, name)


def test_collators_accept_a_padding_tokenizer() -> None:
    whole = embedded()
    alone = described(description(whole))
    labelled = [{"input_ids": ids, "attention_mask": [1] * len(ids), "labels": ids} for ids in ROWS]
    rows = [{"input_ids": ids, "label": 1} for ids in ROWS]
    for collator, given in ((DataCollatorForTokenClassification, labelled), (DataCollatorWithPadding, rows)):
        one, other = (collator(tokenizer)(given) for tokenizer in (alone, whole))
        assert {name: tensor.tolist() for name, tensor in one.items()} == {
            name: tensor.tolist() for name, tensor in other.items()
        }


def test_a_padding_tokenizer_tokenises_no_text() -> None:
    with pytest.raises(Exception, match="Missing"):
        described(description(embedded()))("text")
