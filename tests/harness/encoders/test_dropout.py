"""Dropouts of the six families, set alone, against a model that its library made with them."""

import pytest
import torch
from torch import nn
from transformers import AutoConfig, AutoModelForQuestionAnswering, AutoModelForTokenClassification, GPT2Config

from harness.common.errors import UserError
from harness.encoders.dropout import set_dropout
from harness.setting import Setting
from tests.helpers.encoders import SMALL

KINDS = ("bert", "camembert", "electra", "roberta", "xlm-roberta", "distilbert")
DISTILBERT = {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64}


def made(kind: str, auto: type = AutoModelForTokenClassification, **dropouts: float) -> nn.Module:
    sizes = (
        DISTILBERT if kind == "distilbert" else {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    )
    with torch.device("meta"):
        model: nn.Module = auto.from_config(AutoConfig.for_model(kind, **{**SMALL, **sizes, **dropouts}))
    return model


def shares(model: nn.Module) -> dict[str, float]:
    return {name: part.p for name, part in model.named_modules() if isinstance(part, nn.Dropout)}


def asked(**dropouts: float) -> Setting:
    return Setting(learning_rate=1, max_steps=1, **dropouts)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
def test_each_dropout_of_a_family_is_changed_alone(kind: str) -> None:
    hidden, attention = (
        ("dropout", "attention_dropout")
        if kind == "distilbert"
        else ("hidden_dropout_prob", "attention_probs_dropout_prob")
    )
    before = shares(made(kind))
    head = {name for name in before if not name.startswith(made(kind).base_model_prefix)}  # type: ignore[operator]
    assert head
    for field, ours in ((hidden, "hidden_dropout"), (attention, "attention_dropout")):
        model, library = made(kind), shares(made(kind, **{field: 0.4}))
        set_dropout(model, asked(**{ours: 0.4}))  # type: ignore[arg-type]
        assert shares(model) == {name: before[name] if name in head else library[name] for name in before}
        assert 0.4 in shares(model).values()
    model = made(kind)
    set_dropout(model, asked(head_dropout=0.4))  # type: ignore[arg-type]
    assert shares(model) == {name: 0.4 if name in head else share for name, share in before.items()}


@pytest.mark.parametrize("before", [0.0, 0.1])
@pytest.mark.parametrize("kind", ["modernbert", "eurobert", "xlm"])
def test_a_share_that_is_no_module_is_changed_too(kind: str, before: float) -> None:
    """These families pass the share on to their attention as a number. ModernBERT makes no module of a share of 0."""
    sizes = {"xlm": {"emb_dim": 32, "n_layers": 2, "n_heads": 2}}.get(kind, {})
    model, library = (made(kind, attention_dropout=share, **sizes) for share in (before, 0.4))
    set_dropout(model, asked(attention_dropout=0.4))  # type: ignore[arg-type]
    assert floats(model) == floats(library)
    assert 0.4 in floats(model).values()
    assert [type(part) for part in model.modules()] == [type(part) for part in library.modules()]


def floats(model: nn.Module) -> dict[tuple[str, str], float]:
    return {
        (name, attribute): value
        for name, part in model.named_modules()
        for attribute, value in vars(part).items()
        if isinstance(value, float)
    }


def test_a_dropout_that_an_encoder_lacks_is_refused() -> None:
    with pytest.raises(
        UserError, match=r"head_dropout: the encoder, a 'bert' as BertForQuestionAnswering, has a head w"
    ):
        set_dropout(made("bert", AutoModelForQuestionAnswering), asked(head_dropout=0.1))  # type: ignore[arg-type]
    gpt = AutoModelForTokenClassification.from_config(GPT2Config(n_embd=8, n_layer=1, n_head=1, vocab_size=9))
    with pytest.raises(
        UserError, match=r"hidden_dropout: the encoder, a 'gpt2' .* has no hidden dropout that can be set"
    ):
        set_dropout(gpt, asked(hidden_dropout=0.1))
