"""Fine-tuned models on disk: as ``from_pretrained`` reads them, with a file for the weights that a method adds."""

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from transformers import PreTrainedModel

from harness.common.errors import UserError
from harness.data.context import TrialContext
from harness.data.origin import Origin
from harness.encoders import loading, trimmed_embedding
from harness.methods import Method
from harness.study import TrialConfig
from harness.training.varlen import unpacked

ADDED = "added.safetensors"
"""File of adapters or prompts, which ``transformers`` does not know, by their names in the adapted model."""


def save(model: PreTrainedModel, context: TrialContext, folder: Path) -> None:
    """Write a trial's model and its tokenizer.

    First a trimmed vocabulary is made whole, in place, and the original attention replaces the attention for packed
    batches.
    """
    trimmed_embedding.restore(model)
    unpacked(model)
    known = context.pretrained.model.state_dict().keys()
    state = model.state_dict()
    model.save_pretrained(folder, state_dict={name: state[name] for name in state if name in known})
    if added := {name: tensor.contiguous() for name, tensor in state.items() if name not in known}:
        save_file(added, folder / ADDED)
    loading.tokenizer(context.encoder).save_pretrained(folder)


def load(folder: Path, config: TrialConfig) -> PreTrainedModel:
    """A trial's model as ``save`` wrote it, in fp32. Raises ``UserError`` if it cannot be read or lacks weights."""
    plain = loading.fine_tuned(folder, Origin.of(config).task)
    if (folder / ADDED).exists():
        own = plain.model.state_dict().keys()
        config.method.adapt(plain.model, plain)
        try:
            added = load_file(folder / ADDED)
        except (OSError, SafetensorError) as error:
            raise UserError(f"weights: {str(folder / ADDED)!r} cannot be read: {error}") from None
        found = plain.model.load_state_dict(added, strict=False)
        if found.unexpected_keys:
            raise UserError(
                f"weights: {str(folder / ADDED)!r} has {found.unexpected_keys[0]}, which the method does not add"
            )
        # A ``finish`` may remove parts that ``adapt`` adds, as LoRA's does.
        kept = all(type(part).finish is Method.finish for part in config.method.parts)
        if lacking := [name for name in found.missing_keys if kept and name not in own]:
            raise UserError(f"weights: {str(folder / ADDED)!r} lacks {lacking[0]}, which the method adds")
    return plain.model
