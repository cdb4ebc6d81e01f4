"""Tokenizers of all kinds keep words apart, in training and in scoring."""

import functools
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModelForMaskedLM, BertModel, BertTokenizer

from harness.data import reading
from harness.data.origin import Origin
from harness.encoders import loading, pinning
from harness.execution.plan import plan
from harness.methods import Vanilla
from harness.tasks import task_named
from harness.training.trial import run_trial
from tests.helpers.encoders import BERT, SMALL, byte_level, gemma_like, make


def save_with_tokenizer(folder: Path, tokenizer: Any) -> str:
    torch.manual_seed(0)
    options = {**SMALL, "vocab_size": len(tokenizer), "pad_token_id": tokenizer.pad_token_id}
    AutoModelForMaskedLM.from_config(AutoConfig.for_model("bert", **options, **BERT)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def test_a_byte_level_tokenizer_keeps_words_apart(cut: Path, tmp_path: Path) -> None:
    folder = save_with_tokenizer(tmp_path / "bytes", byte_level())
    tokenizer = loading.tokenizer(pinning.find(folder))
    rows = task_named("udpos").encode([(("The", "people", "of"), ("DET", "NOUN", "ADP"))], tokenizer, 32)
    pieces = tokenizer.convert_ids_to_tokens(rows["input_ids"][0])
    assert "".join(pieces[1:-1]) == "ĠTheĠpeopleĠof"
    labelled = [piece for piece, label in zip(pieces, rows["labels"][0], strict=True) if label != -100]
    assert len(labelled) == 3
    assert all(piece.startswith("Ġ") for piece in labelled)
    # A text that is no list of words begins as the encoder was pretrained.
    assert loading.tokenizer(pinning.find(folder)).tokenize("The people")[0].startswith("T")
    for task in ("udpos", "pawsx"):
        assert not run_trial(plan(make(folder, task, Vanilla(), cut))[0], cache=tmp_path).record.diverged


def test_word_pieces_have_token_types_in_training_and_scoring(
    cut: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    characters = sorted(
        {
            c
            for pair in reading.examples(Origin("pawsx", "embedded"), "train", "en").rows
            for c in pair[0] + pair[1]
            if c != " "
        }
    )
    words = tmp_path / "vocab.txt"
    words.write_text(
        "\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *characters, *(f"##{c}" for c in characters)]),
        encoding="utf-8",
    )
    tokenizer = BertTokenizer(str(words), model_max_length=64, do_lower_case=False)
    folder = save_with_tokenizer(tmp_path / "pieces", tokenizer)
    seen = set()
    forward = BertModel.forward

    def spy(self: Any, *args: Any, **inputs: Any) -> Any:
        seen.add((self.training, bool(inputs["token_type_ids"].any())))
        return forward(self, *args, **inputs)

    monkeypatch.setattr(BertModel, "forward", functools.wraps(forward)(spy))
    run_trial(plan(make(folder, "pawsx", Vanilla(), cut))[0], cache=tmp_path)
    assert seen == {(True, True), (False, True)}


def test_padding_at_the_left_changes_no_score(cut: Path, encoder: str, tmp_path: Path) -> None:
    """Some tokenizers pad there; predictions are read from the first positions."""
    scores = []
    for side in ("right", "left"):
        folder = Path(shutil.copytree(encoder, tmp_path / side))
        config = json.loads((folder / "tokenizer_config.json").read_text())
        (folder / "tokenizer_config.json").write_text(
            json.dumps(config | {"padding_side": side, "truncation_side": side})
        )
        scores.append(run_trial(plan(make(str(folder), "udpos", Vanilla(), cut))[0], cache=tmp_path).record.scores)
    assert scores[0] == scores[1]


def test_other_tokenizers_keep_words_apart_as_well() -> None:
    tokenizer = gemma_like()
    rows = task_named("udpos").encode([(("the", "people", "of"), ("DET", "NOUN", "ADP"))], tokenizer, 32)
    assert tokenizer.convert_ids_to_tokens(rows["input_ids"][0]) == ["▁the", "▁people", "▁of"]
    embedded = loading.tokenizer(pinning.find("embedded"))  # marks beginnings by itself
    rows = task_named("udpos").encode([(("the", "people", "of"), ("DET", "NOUN", "ADP"))], embedded, 32)
    assert rows["input_ids"][0] == embedded("the people of")["input_ids"]
