"""Depth of the parameters in an encoder, from the embeddings up."""

from collections.abc import Container

from torch import nn
from transformers import PreTrainedModel

from harness.common.errors import UserError


def stack(model: PreTrainedModel) -> nn.ModuleList:
    """The layers of the encoder's body. Raises ``UserError`` if they are not found."""
    return _stack(model)[1]


def place(model: PreTrainedModel) -> str:
    """The name of the layers' module within a model. Raises ``UserError`` as ``stack`` does."""
    return _stack(model)[0]


def is_pooler(name: str, model: PreTrainedModel) -> bool:
    """Whether a parameter lies between the layers and the task's output: in the body's pooler, or outside the body."""
    prefix = f"{model.base_model_prefix}."
    return not name.startswith(prefix) or name.removeprefix(prefix).startswith("pooler.")


def _stack(model: PreTrainedModel) -> tuple[str, nn.ModuleList]:
    count = getattr(model.config, "num_hidden_layers", None)
    found = [(name, m) for name, m in model.named_modules() if isinstance(m, nn.ModuleList) and len(m) == count]
    parents = [name.rpartition(".")[0] for name, _ in found]
    if found and parents.count(parents[0]) == 1:  # XLM has several lists of that length side by side
        return found[0]
    raise UserError(
        f"encoder: the layers of a {model.config.model_type!r} encoder are not found; give a method that does not ask "
        "for them"
    )


def depths(model: PreTrainedModel, head: Container[str]) -> dict[str, int]:
    """Depth of every parameter in a model with L layers. Raises ``UserError`` as ``stack`` does.

    The layers have depths 1 to L, and parameters in ``head`` or outside the body L + 1. Embeddings outside the layers,
    and all parameters before the layers, have depth 0. Parameters after the layers, such as a last norm, have depth L.
    """
    place, layers = _stack(model)
    embeddings = {f"{n}.weight" for n, module in model.named_modules() if isinstance(module, nn.Embedding)}
    found: dict[str, int] = {}
    below = True
    for name, _ in model.named_parameters():
        if name in head or not name.startswith(f"{model.base_model_prefix}."):
            found[name] = len(layers) + 1
        elif name.startswith(f"{place}."):
            below = False
            found[name] = int(name.removeprefix(f"{place}.").split(".", 1)[0]) + 1
        else:
            found[name] = 0 if below or name in embeddings else len(layers)
    return found
