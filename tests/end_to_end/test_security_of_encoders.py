"""An encoder's folder cannot make the program run code."""

import contextlib
import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from harness import embedded
from harness.common.errors import UserError
from harness.data import reading
from harness.data.origin import Origin
from harness.encoders import loading, pinning
from harness.encoders.pinning import Encoder


class Touches:
    """Creates a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> Any:
        return Path.touch, (self.file,)


@pytest.fixture
def encoder(tmp_path: Path) -> Path:
    """A copy of the shipped encoder."""
    return Path(shutil.copytree(embedded.ENCODER, tmp_path / "encoder"))


def tagger(encoder: Encoder) -> object:
    return loading.pretrained(encoder, "udpos")


def tagger_outline(encoder: Encoder) -> object:
    return loading.outline(encoder, "udpos")


LOADERS = (
    loading.tokenizer,
    tagger,
    tagger_outline,
    loading.masked_language_model,
    loading.masked_language_model_outline,
)


@pytest.mark.parametrize("load", LOADERS[1:])
@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_that_runs_code_is_not_unpickled(
    encoder: Path, tmp_path: Path, load: Callable[[Encoder], object], zipped: bool
) -> None:
    (encoder / "model.safetensors").unlink()
    evil = {"embeddings.word_embeddings.weight": Touches(tmp_path / "ran")}
    if zipped:
        torch.save(evil, encoder / "pytorch_model.bin")
    else:
        (encoder / "pytorch_model.bin").write_bytes(pickle.dumps(evil, protocol=2))
    with pytest.raises(
        UserError, match=r"such a file can run any code, and is not loaded\. Give an encoder with model\.safetensors"
    ):
        load(pinning.find(str(encoder)))
    assert not (tmp_path / "ran").exists()
    with contextlib.suppress(RuntimeError):  # parts of the old format that it misses
        torch.load(encoder / "pytorch_model.bin", weights_only=False)
    assert (tmp_path / "ran").exists()  # without the check the code would have run


def test_a_pickle_of_weights_alone_still_serves(encoder: Path) -> None:
    torch.save(load_file(encoder / "model.safetensors"), encoder / "pytorch_model.bin")
    (encoder / "model.safetensors").unlink()
    assert loading.outline(pinning.find(str(encoder)), "udpos").anchor


AUTO = {
    "config.json": {
        "AutoConfig": "mine.C",
        "AutoModelForMaskedLM": "mine.M",
        "AutoModelForTokenClassification": "mine.M",
    },
    "tokenizer_config.json": {"AutoTokenizer": ["mine.T", "mine.T"]},
}


@pytest.mark.parametrize("kind", ["bert", "own", None])
def test_code_in_an_encoders_folder_is_never_run(encoder: Path, tmp_path: Path, kind: str | None) -> None:
    """For a model type of its own, ``transformers`` uses its own class, whatever else a config names."""
    (encoder / "mine.py").write_text(
        f"open({str(tmp_path / 'ran')!r}, 'w')\nfrom transformers import BertConfig as C, BertModel as M\nT = M\n"
    )
    for name, auto in AUTO.items():
        config = json.loads((encoder / name).read_text())
        if name == "config.json":
            config["model_type"] = kind
        (encoder / name).write_text(json.dumps({k: v for k, v in config.items() if v is not None} | {"auto_map": auto}))
    found = pinning.find(str(encoder))
    for load in LOADERS[1:]:
        if kind == "bert":
            load(found)
        else:
            with pytest.raises(
                UserError, match=r"Python code of its own \(auto_map in a config\.json\), which steadytune never runs"
            ):
                load(found)
    loading.tokenizer(found)
    assert not (tmp_path / "ran").exists()


def test_a_script_beside_a_copy_of_the_hubs_data_is_not_run(tmp_path: Path) -> None:
    for name in ("xnli.py", "de/de.py", "de/test.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with pytest.raises(UserError, match="has none of"):
        reading.examples(Origin("xnli", str(tmp_path)), "test", "de")
    assert not (tmp_path / "ran").exists()
