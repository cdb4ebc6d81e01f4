"""Fine-tuned models on disk: as ``from_pretrained`` reads them, with what a method has added to the encoder beside."""

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from transformers import PreTrainedModel

from harness import encoders, models, vocabulary
from harness.data import Origin
from harness.errors import UserError
from harness.study import TrialConfig

ADDED = "added.safetensors"
"""Weights of adapters or prompts, which ``transformers`` does not know, by their names in the adapted model."""


def save(model: PreTrainedModel, config: TrialConfig, folder: Path) -> None:
    """Write a trial's model and its tokenizer. A trimmed vocabulary is made whole first, in place."""
    encoder = encoders.pinned(config.encoder, config.encoder_revision)
    vocabulary.restore(model)
    known = models.pretrained(encoder, Origin.of(config).task).model.state_dict().keys()
    state = model.state_dict()
    model.save_pretrained(folder, state_dict={name: state[name] for name in state if name in known})
    if added := {name: tensor.contiguous() for name, tensor in state.items() if name not in known}:
        save_file(added, folder / ADDED)
    models.tokenizer(encoder).save_pretrained(folder)


def load(folder: Path, config: TrialConfig) -> PreTrainedModel:
    """A trial's model as ``save`` wrote it, in fp32. Raises ``UserError`` where it cannot be read or lacks weights."""
    plain = models.fine_tuned(folder, Origin.of(config).task)
    if (folder / ADDED).exists():
        config.method.adapt(plain.model, plain)
        try:
            added = load_file(folder / ADDED)
        except (OSError, SafetensorError) as error:
            raise UserError(f"weights: {str(folder / ADDED)!r} cannot be read: {error}") from None
        if unexpected := plain.model.load_state_dict(added, strict=False).unexpected_keys:
            raise UserError(f"weights: {str(folder / ADDED)!r} has {unexpected[0]}, which the method does not add")
    return plain.model
