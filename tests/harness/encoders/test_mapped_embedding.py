"""A vocabulary that stays on disk is the same vocabulary, whatever the checkpoint's precision, and takes no memory of
its own."""

import copy
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import AutoModelForTokenClassification, PreTrainedModel

from harness.common.errors import UserError
from harness.encoders import loading, mapped_embedding, pinning
from harness.encoders.mapped_embedding import MappedEmbedding, map_vocabulary, rows
from harness.encoders.pinning import Encoder

EMBEDDINGS = "bert.embeddings.word_embeddings.weight"


def checkpoint(folder: Path, dtype: torch.dtype, **options: str) -> Encoder:
    """The embedded encoder as a folder in another precision."""
    model = AutoModelForTokenClassification.from_pretrained(pinning.find("embedded").path, dtype=dtype)
    model.save_pretrained(folder, **options)
    return pinning.find(str(folder))


def loaded(encoder: Encoder) -> PreTrainedModel:
    return AutoModelForTokenClassification.from_pretrained(encoder.path, dtype=torch.float32)  # type: ignore[no-any-return]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("size", ["50GB", "5MB"], ids=["one file", "shards"])
def test_rows_are_those_of_the_loaded_matrix(tmp_path: Path, dtype: torch.dtype, size: str) -> None:
    encoder = checkpoint(tmp_path / "encoder", dtype, max_shard_size=size)
    model = loaded(encoder)
    whole = model.get_input_embeddings().weight.detach().clone()
    map_vocabulary(model, encoder)
    embedding = model.get_input_embeddings()
    assert isinstance(embedding, MappedEmbedding)
    assert embedding.weight.dtype == dtype
    assert not embedding.weight.requires_grad
    ids = torch.randint(0, len(whole), (3000,))
    assert torch.equal(rows(embedding, ids), whole[ids])
    assert torch.equal(embedding.loaded().weight, whole)
    assert torch.equal(rows(nn.Embedding(len(whole), whole.shape[1], _weight=whole), ids), whole[ids])


def test_pages_that_were_read_are_given_back(tmp_path: Path) -> None:
    encoder = checkpoint(tmp_path / "encoder", torch.float32)
    model = loaded(encoder)
    map_vocabulary(model, encoder)
    embedding = model.get_input_embeddings()
    assert isinstance(embedding, MappedEmbedding)
    size = embedding.weight.nbytes / 2**20
    mapped_embedding.release(embedding)
    before = file_mib()
    embedding.weight.sum()
    assert file_mib() - before > 0.9 * size
    rows(embedding, torch.arange(embedding.num_embeddings))
    assert file_mib() - before < 0.1 * size


def file_mib() -> float:
    """Memory that mapped files take in this process, in MiB (Linux)."""
    status = Path("/proc/self/status")
    if not status.exists():
        pytest.skip("needs /proc")
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("RssFile")) / 2**10


def test_a_matrix_that_is_not_the_models_is_not_mapped(tmp_path: Path) -> None:
    encoder = checkpoint(tmp_path / "encoder", torch.float32)
    model = loaded(encoder)
    other = copy.deepcopy(model)
    with torch.no_grad():
        other.get_input_embeddings().weight[-1] += 1
    map_vocabulary(other, encoder)
    assert type(other.get_input_embeddings()) is nn.Embedding
    tensors = load_file(tmp_path / "encoder" / "model.safetensors")
    (tmp_path / "encoder" / "model.safetensors").unlink()
    torch.save(tensors, tmp_path / "encoder" / "pytorch_model.bin")
    map_vocabulary(model, encoder)  # a checkpoint of another kind
    assert type(model.get_input_embeddings()) is nn.Embedding


def test_a_checkpoint_that_is_replaced_while_it_is_in_use_is_not_read_on(tmp_path: Path) -> None:
    """The rest of the model comes from the old checkpoint."""
    encoder = checkpoint(tmp_path / "encoder", torch.float32)
    model = loaded(encoder)
    map_vocabulary(model, encoder)
    embedding = model.get_input_embeddings()
    assert isinstance(embedding, MappedEmbedding)
    rows(embedding, torch.arange(5))
    file = tmp_path / "encoder" / "model.safetensors"
    shutil.copy(file, tmp_path / "other")
    (tmp_path / "other").replace(file)
    with pytest.raises(UserError, match="was replaced or changed while it was in use"):
        rows(embedding, torch.arange(5))
    file.unlink()
    with pytest.raises(UserError, match="was replaced or changed while it was in use"):
        rows(embedding, torch.arange(5))


def test_files_that_are_torn_are_passed_over(tmp_path: Path) -> None:
    encoder = checkpoint(tmp_path / "encoder", torch.float32)
    (tmp_path / "encoder" / "a-pointer.safetensors").write_text(
        "version https://git-lfs.github.com/spec/v1", encoding="utf-8"
    )
    model = loaded(encoder)
    map_vocabulary(model, encoder)
    assert isinstance(model.get_input_embeddings(), MappedEmbedding)


def test_the_matrix_is_found_under_another_name(tmp_path: Path) -> None:
    """Checkpoints call it otherwise than the model does: XLM-R's is ``roberta.…``, e5's has no prefix at all."""
    encoder = checkpoint(tmp_path / "encoder", torch.float16)
    file = tmp_path / "encoder" / "model.safetensors"
    tensors = {name.removeprefix("bert."): tensor for name, tensor in load_file(file).items()}
    save_file(tensors, file, metadata={"format": "pt"})
    model = loaded(encoder)
    map_vocabulary(model, encoder)
    embedding = model.get_input_embeddings()
    assert isinstance(embedding, MappedEmbedding)
    assert embedding.name == EMBEDDINGS.removeprefix("bert.")


def test_what_is_fine_tuned_is_in_memory_and_in_fp32() -> None:
    encoder = pinning.find("embedded")
    assert isinstance(loading.pretrained(encoder, "udpos").model.get_input_embeddings(), MappedEmbedding)
    for kept in (None, torch.arange(50)):
        model = loading.fine_tunable(encoder, "udpos", 0, kept)
        assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
        assert not any(isinstance(module, MappedEmbedding) for module in model.modules())
