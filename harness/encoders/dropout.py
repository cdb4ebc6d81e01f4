"""The dropout of a model, changed after it is loaded."""

import copy
from collections.abc import Mapping

import torch
from torch import nn
from transformers import PreTrainedModel

from harness.common.errors import UserError
from harness.setting import Setting

FIELDS = {
    "hidden_dropout": ("hidden_dropout_prob", "dropout"),
    "attention_dropout": ("attention_probs_dropout_prob", "attention_dropout"),
}
"""Names of the dropouts in configs: the first in BERT, RoBERTa, XLM-R, CamemBERT, ELECTRA; the second in DistilBERT."""
HEADS = ("classifier_dropout", "seq_classif_dropout", "qa_dropout")


def set_dropout(model: PreTrainedModel, setting: Setting) -> None:
    """Give a model the dropouts of a setting, in place. A dropout that is ``None`` stays as in the encoder's config.

    Each dropout is changed alone: the hidden states' dropout leaves the head's unchanged, even if the config has one
    value for both. A model without weights is accepted too. Raises ``UserError`` if the encoder lacks a dropout that
    the setting names.
    """
    body = {name: share for name in FIELDS if (share := getattr(setting, name)) is not None}
    if body:
        _set_body(model, body)
    if setting.head_dropout is not None:
        _set_head(model, setting.head_dropout)


def _set_body(model: PreTrainedModel, shares: Mapping[str, float]) -> None:
    """Set the body's dropouts that take their share from the config. Raises ``UserError`` if a name has none."""
    named = model.config.to_dict()
    for name, share in shares.items():
        field = next((field for field in FIELDS[name] if field in named), None)
        if field is None:
            raise _lacking(model, name)
        places = _read_from(model, field)
        if not places:
            raise _lacking(model, name)
        for place in places:
            _set_share(model.base_model, *place, share)
        setattr(model.config, field, share)


def _read_from(model: PreTrainedModel, field: str) -> list[tuple[str, str]]:
    """The places in the body that take their share from a field of the config: modules, and their attributes.

    An attribute is the ``p`` of ``nn.Dropout``, or a number that the module passes on to its attention.
    """
    found: list[set[tuple[str, str]]] = []
    for share in (0.25, 0.75):
        config = copy.deepcopy(model.config)
        setattr(config, field, share)
        with torch.device("meta"):
            body = type(model.base_model)(config)
        found.append(
            {
                (name, attribute)
                for name, part in body.named_modules()
                for attribute, value in vars(part).items()
                if isinstance(value, float) and value == share
            }
        )
    there = {name for name, _ in model.base_model.named_modules()}
    return [place for place in found[0] & found[1] if place[0] in there]


def _set_share(body: nn.Module, name: str, attribute: str, share: float) -> None:
    """Set one of the places of ``_read_from``. A family may use ``nn.Identity`` for a dropout of 0."""
    part = body.get_submodule(name)
    if isinstance(part, nn.Identity):
        body.set_submodule(name, nn.Dropout(share))
    else:
        setattr(part, attribute, share)


def _set_head(model: PreTrainedModel, share: float) -> None:
    """Set the dropouts outside the body."""
    prefix = f"{model.base_model_prefix}."
    parts = [
        part for name, part in model.named_modules() if isinstance(part, nn.Dropout) and not name.startswith(prefix)
    ]
    if not parts:
        raise _lacking(model, "head_dropout")
    for part in parts:
        part.p = share
    for field in HEADS:
        if field in model.config.to_dict():
            setattr(model.config, field, share)


def _lacking(model: PreTrainedModel, name: str) -> UserError:
    words = "a head without dropout" if name == "head_dropout" else f"no {name.replace('_', ' ')} that can be set"
    return UserError(
        f"{name}: the encoder, a {model.config.model_type!r} as {type(model).__name__}, has {words}; leave the "
        "field out"
    )
