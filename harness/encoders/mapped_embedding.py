"""A pretrained vocabulary that stays on disk: most of a multilingual encoder is embeddings, and a trial reads few of
them.

The matrix is mapped from its safetensors file, in the file's own precision, so that all workers of a node share one
copy and memory holds no more than the rows that were just read.
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
"""Rows that are read at a time: with each come its neighbours in the file."""


class MappedEmbedding(nn.Embedding):
    """A frozen embedding whose ``weight`` is a tensor of a safetensors file."""

    def __init__(self, whole: nn.Embedding, file: Path, name: str) -> None:
        super().__init__(
            whole.num_embeddings, whole.embedding_dim, whole.padding_idx, _weight=_mapped(file, name), _freeze=True
        )
        self.file, self.name = file, name
        self.state = files.state(file)

    def release(self) -> None:
        """Let go of what was read: until then it counts as this process's memory.

        Raises ``UserError`` where the file is no longer the one that the rest of the model is of.
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
    """Leave a pretrained model's input embedding in its checkpoint, where that has exactly these values; in place.

    Other checkpoints than safetensors, and models whose embedding does more than look up rows, stay as they are.
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
    """Whether a model's input embedding does nothing else than to look up rows, and its matrix has no other use."""
    embedding = model.get_input_embeddings()
    if type(embedding) not in (nn.Embedding, MappedEmbedding):
        return False
    assert isinstance(embedding, nn.Embedding)
    if embedding.max_norm is not None or embedding.scale_grad_by_freq or embedding.sparse:
        return False
    return sum(p is embedding.weight for _, p in model.named_parameters(remove_duplicate=False)) == 1


def rows(whole: nn.Embedding, ids: Tensor) -> Tensor:
    """Rows of an embedding in fp32, (n, width) for (n,) ids, on its device; of a mapped one nothing else stays in
    memory."""
    parts = []
    for part in ids.to(whole.weight.device).split(AT_ONCE):
        parts.append(whole.weight.detach()[part].float())
        release(whole)
    return torch.cat(parts)


def release(embedding: nn.Module) -> None:
    """Let go of what was read of an embedding, where it is mapped."""
    if isinstance(embedding, MappedEmbedding):
        embedding.release()


def _matrices(encoder: Encoder, shape: torch.Size) -> Iterator[tuple[Path, str]]:
    """Tensors of a shape in an encoder's checkpoint: the file and the name of each."""
    for file in _files(encoder):
        try:
            with safe_open(file, "pt") as checkpoint:
                names = [
                    name
                    for name in checkpoint.keys()  # noqa: SIM118
                    if tuple(checkpoint.get_slice(name).get_shape()) == tuple(shape)
                ]
        except (OSError, SafetensorError):  # torn, and none of those that the model was loaded from
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
