"""A pretrained vocabulary that stays on disk.

Most of a multilingual encoder is embeddings, and a trial reads few of them. The matrix is therefore mapped from its
safetensors file, in the file's precision. All workers of a node share one copy, and memory holds only the rows that
were just read.
"""

from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn
from transformers import PreTrainedModel

from harness.common import files
from harness.common.errors import UserError
from harness.compat.transformers import cached_file
from harness.encoders.pinning import Encoder

AT_ONCE = 1024
"""Largest number of rows that are read at a time. It is small because a read also loads rows nearby in the file."""


class MappedEmbedding(nn.Embedding):
    """A frozen embedding whose ``weight`` is mapped from a safetensors file."""

    def __init__(self, whole: nn.Embedding, file: Path, name: str) -> None:
        super().__init__(
            whole.num_embeddings, whole.embedding_dim, whole.padding_idx, _weight=_mapped(file, name), _freeze=True
        )
        self.file, self.name = file, name
        self.state = files.state(file)

    def release(self) -> None:
        """Free the rows that were read. Until then they count as this process's memory.

        Raises ``UserError`` if the file was replaced or changed since the model was loaded.
        """
        if files.state(self.file) != self.state:
            raise UserError(f"encoder: {str(self.file)!r} was replaced or changed while it was in use")
        self.weight.data = _mapped(self.file, self.name)

    def loaded(self) -> nn.Embedding:
        """A copy in memory, in fp32."""
        weight = self.weight.detach().to(torch.float32, copy=True)
        self.release()
        return nn.Embedding(self.num_embeddings, self.embedding_dim, self.padding_idx, _weight=weight)


def map_vocabulary(model: PreTrainedModel, encoder: Encoder) -> None:
    """Replace a model's input embedding, in place, by its checkpoint's matrix on disk, if their values are equal.

    Only safetensors checkpoints are mapped, and only embeddings that do nothing but look up rows.
    """
    if not only_looks_up(model):
        return
    whole = model.get_input_embeddings()
    assert isinstance(whole, nn.Embedding)
    for file, name in _matrices(encoder, whole.weight.shape):
        matrix = _mapped(file, name)
        if all(
            torch.equal(a.float(), b) for a, b in zip(matrix.split(AT_ONCE), whole.weight.split(AT_ONCE), strict=True)
        ):
            model.set_input_embeddings(MappedEmbedding(whole, file, name))
            return


def only_looks_up(model: PreTrainedModel) -> bool:
    """Whether a model's input embedding only looks up rows, and its matrix has no other use."""
    embedding = model.get_input_embeddings()
    if type(embedding) not in (nn.Embedding, MappedEmbedding):
        return False
    assert isinstance(embedding, nn.Embedding)
    if embedding.max_norm is not None or embedding.scale_grad_by_freq or embedding.sparse:
        return False
    return sum(p is embedding.weight for _, p in model.named_parameters(remove_duplicate=False)) == 1


def rows(whole: nn.Embedding, ids: Tensor) -> Tensor:
    """Rows of an embedding in fp32, (n, width) for (n,) ids, on its device.

    If the embedding is mapped, no other rows stay in memory.
    """
    parts = []
    for part in ids.to(whole.weight.device).split(AT_ONCE):
        parts.append(whole.weight.detach()[part].float())
        release(whole)
    return torch.cat(parts)


def release(embedding: nn.Module) -> None:
    """Free the rows that were read from an embedding, if it is mapped."""
    if isinstance(embedding, MappedEmbedding):
        embedding.release()


def _matrices(encoder: Encoder, shape: torch.Size) -> Iterator[tuple[Path, str]]:
    """File and name of each tensor of a shape in an encoder's checkpoint."""
    for file in _files(encoder):
        try:
            with safe_open(file, "pt") as checkpoint:
                names = [
                    name
                    for name in checkpoint.keys()  # noqa: SIM118
                    if tuple(checkpoint.get_slice(name).get_shape()) == tuple(shape)
                ]
        except (OSError, SafetensorError):  # broken, so the model was not loaded from it
            continue
        yield from ((file, name) for name in names)


def _files(encoder: Encoder) -> list[Path]:
    """The safetensors files of an encoder, on this machine."""
    found = cached_file(encoder.path, "config.json", **encoder.loading)
    return sorted(Path(found).parent.glob("*.safetensors")) if found is not None else []


def _mapped(file: Path, name: str) -> Tensor:
    with safe_open(file, "pt") as checkpoint:
        tensor: Tensor = checkpoint.get_tensor(name)
    return tensor
