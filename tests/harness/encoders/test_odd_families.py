"""Kinds of encoder with habits of their own: they train, or what they cannot do is said before anything runs."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoModel, AutoModelForMaskedLM

from harness.common.errors import UserError
from harness.encoders import pinning
from harness.execution.plan import plan
from harness.execution.preflight import check_encoder
from harness.methods import Ewc, LayerFreeze, LayerwiseDecay, Method, Vanilla
from harness.store.record import Record
from harness.training.trial import run_trial
from tests.helpers.data import folder_of
from tests.helpers.encoders import BERT, LENGTH, MT5, make, save_encoder
from tests.helpers.studies import SHORT

LUKE = {**BERT, "entity_vocab_size": 10, "entity_emb_size": 8, "type_vocab_size": 1}
XLM = {"emb_dim": 32, "n_layers": 2, "n_heads": 2, "max_position_embeddings": 66, "pad_index": 1, "unk_index": 3}
XLNET = {"d_model": 32, "n_layer": 2, "n_head": 2, "d_inner": 64}
XMOD = {**BERT, "languages": ["en_XX", "de_DE"], "adapter_reduction_factor": 2}


@pytest.fixture
def encoder(tmp_path: Path) -> Callable[..., str]:
    """Makes a tiny encoder of a kind, with the embedded encoder's tokenizer."""

    def made(kind: str, auto: Any = AutoModelForMaskedLM, **options: Any) -> str:
        save_encoder(tmp_path / kind, kind, auto, **options)
        return str(tmp_path / kind)

    return made


def trained(folder: str, task: str, method: Method, cache: Path, data: str = "embedded") -> Record:
    check_encoder(pinning.find(folder), task, LENGTH, [method])
    return run_trial(plan(replace(make(folder, task, method), data=data))[0], cache=cache).record


def test_layers_in_several_lists_are_not_taken_for_one_of_them(encoder: Callable[..., str]) -> None:
    """XLM has a list of attentions, one of norms and one of feed-forward maps beside each other."""
    found = pinning.find(encoder("xlm", **XLM))
    check_encoder(found, "udpos", LENGTH, [Vanilla()])
    for method in (LayerFreeze(layers=1), LayerwiseDecay(decay=0.8)):
        with pytest.raises(UserError, match="the layers of a 'xlm' encoder are not found"):
            check_encoder(found, "udpos", LENGTH, [method])
    with pytest.raises(UserError, match="gradient_checkpointing: an encoder of the kind 'xlm' cannot do it"):
        check_encoder(found, "udpos", LENGTH, [Vanilla()], [replace(SHORT, gradient_checkpointing=True)])


def test_an_encoder_without_a_limit_of_positions_takes_any_length(encoder: Callable[..., str]) -> None:
    check_encoder(pinning.find(encoder("xlnet", AutoModel, **XLNET)), "udpos", 512, [Vanilla()])


@pytest.mark.parametrize("default", [None, "en_XX"])
def test_an_encoder_with_an_adapter_a_language_is_refused(encoder: Callable[..., str], default: str | None) -> None:
    folder = encoder("xmod", **XMOD, default_language="en_XX")
    config = json.loads((Path(folder) / "config.json").read_text())
    (Path(folder) / "config.json").write_text(json.dumps(config | {"default_language": default}))
    with pytest.raises(UserError, match="sends each language through an adapter of its own"):
        check_encoder(pinning.find(folder), "udpos", LENGTH, [Vanilla()])


def test_a_pooler_that_the_task_has_not_stands_in_no_diagonals_way(encoder: Callable[..., str], tmp_path: Path) -> None:
    """LUKE's masked language model has one, on which no loss depends."""
    method = Ewc(strength=5.0, languages=("de",), examples=2)
    assert not trained(encoder("luke", **LUKE), "udpos", method, tmp_path / "cache").diverged


def test_token_types_that_the_encoder_has_not_are_left_out(encoder: Callable[..., str], tmp_path: Path) -> None:
    """RoBERTa with BERT's tokenizer: the second text of a pair is of type 1, and the encoder has type 0 alone."""
    folder = Path(encoder("roberta", **BERT, type_vocab_size=1))
    file = folder / "tokenizer.json"
    tokenizer = json.loads(file.read_text(encoding="utf-8"))
    ends = {"<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]}, "</s>": {"id": "</s>", "ids": [2], "tokens": ["</s>"]}}
    begin, end = {"SpecialToken": {"id": "<s>", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}}
    first, second = ({"Sequence": {"id": name, "type_id": number}} for name, number in (("A", 0), ("B", 1)))
    tokenizer["post_processor"] = {
        "type": "TemplateProcessing",
        "single": [begin, first, end],
        "pair": [begin, first, end, second, end],
        "special_tokens": ends,
    }
    file.write_text(json.dumps(tokenizer), encoding="utf-8")
    config = json.loads((folder / "tokenizer_config.json").read_text())
    config["model_input_names"] = ["input_ids", "token_type_ids", "attention_mask"]
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    assert not trained(str(folder), "pawsx", Vanilla(), tmp_path / "cache").diverged


def test_an_end_within_a_text_is_text_where_heads_read_at_ends(encoder: Callable[..., str], tmp_path: Path) -> None:
    folder = encoder("mt5", AutoModel, **MT5)
    lines = "Ann saw </s> Bob .\tBob saw Ann .\t0\nAnn met Bob .\tBob met </s> Ann </s> .\t1\n"
    data = folder_of(tmp_path, "pawsx", **dict.fromkeys(("train-en", "dev-en", "test-en", "test-de"), lines))
    assert not trained(folder, "pawsx", Vanilla(), tmp_path / "cache", data).diverged
