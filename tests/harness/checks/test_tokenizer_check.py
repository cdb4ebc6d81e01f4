"""A tokenizer that is not the one in the encoder's files, or that does not know a study's languages."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sentencepiece
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import AutoConfig, AutoModelForMaskedLM, AutoTokenizer, PreTrainedTokenizerFast

from harness import embedded
from harness.checks import tokenizer_check
from harness.cli.main import main
from harness.common.errors import UserError
from harness.data.origin import Origin
from harness.encoders import loading, pinning
from harness.execution.plan import plan
from harness.methods import Vanilla
from tests.helpers.data import folder_of
from tests.helpers.encoders import BERT, FAMILIES, SMALL, make
from tests.helpers.sentencepieces import DEBERTA, train

UDPOS, PAWSX = Origin("udpos", "embedded"), Origin("pawsx", "embedded")
FULL_WIDTH = "它在（北京），ｆｕｌｌ ｗｉｄｔｈ！"


def word_pieces(folder: Path) -> None:
    """A BERT whose ``tokenizer.json`` has word pieces, as CamemBERTv2's."""
    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer = normalizers.NFC()
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    special = ["<pad>", "<s>", "</s>", "[UNK]", "<mask>"]
    lines = (embedded.TEXT / "en.txt").read_text(encoding="utf-8").splitlines()[:200]
    made.train_from_iterator(lines, trainers.WordPieceTrainer(vocab_size=2000, special_tokens=special))
    names = {"pad_token": "<pad>", "cls_token": "<s>", "sep_token": "</s>", "unk_token": "[UNK]"}
    PreTrainedTokenizerFast(tokenizer_object=made, **names, mask_token="<mask>").save_pretrained(folder)
    AutoModelForMaskedLM.from_config(AutoConfig.for_model("roberta", **SMALL, **BERT)).save_pretrained(folder)


@pytest.fixture(scope="module")
def deberta(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As mDeBERTa-v3 comes: ``spm.model`` alone."""
    folder = tmp_path_factory.mktemp("deberta")
    options: Any = FAMILIES["deberta-v2"]
    AutoModelForMaskedLM.from_config(AutoConfig.for_model("deberta-v2", **SMALL, **options)).save_pretrained(folder)
    train(folder / "spm.model", **DEBERTA)
    return folder


def test_the_shipped_encoder_has_the_tokenizer_of_its_file() -> None:
    encoder = pinning.find("embedded")
    for origin, targets in ((UDPOS, ("ar", "hi", "ja", "zh", "ru")), (PAWSX, ("ja", "ko", "zh"))):
        tokenizer_check.check(encoder, origin, "en", targets)


def test_a_class_over_the_file_of_another_is_refused(tmp_path: Path) -> None:
    word_pieces(tmp_path)
    tokenizer_check.check(pinning.find(str(tmp_path)), UDPOS, "en", ())
    pinning.find.cache_clear()
    config = json.loads((tmp_path / "tokenizer_config.json").read_text())
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config | {"tokenizer_class": "RobertaTokenizer"}))
    with pytest.raises(UserError, match=r"does not make the tokenizer that is in tokenizer\.json of .* by the file"):
        tokenizer_check.check(pinning.find(str(tmp_path)), UDPOS, "en", ())


def test_a_sentencepiece_model_alone_keeps_its_normalisation(deberta: Path, tmp_path: Path) -> None:
    encoder = pinning.find(str(deberta))
    tokenizer = loading.tokenizer(encoder)
    reference = sentencepiece.SentencePieceProcessor(model_file=str(deberta / "spm.model"))
    assert tokenizer(FULL_WIDTH, add_special_tokens=False)["input_ids"] == reference.encode(FULL_WIDTH)
    theirs = AutoTokenizer.from_pretrained(deberta)
    assert theirs(FULL_WIDTH, add_special_tokens=False)["input_ids"] != reference.encode(FULL_WIDTH)
    plain = "people of the world"
    assert tokenizer(plain, plain).data == theirs(plain, plain).data
    tokenizer_check.check(encoder, UDPOS, "en", ("zh", "ja"))
    # What is kept with the weights is this tokenizer, whatever reads it.
    tokenizer.save_pretrained(tmp_path)
    kept = AutoTokenizer.from_pretrained(tmp_path)
    assert kept(FULL_WIDTH).data == tokenizer(FULL_WIDTH).data


def test_its_trials_have_an_id_of_their_own(deberta: Path, cut: Path) -> None:
    trial = plan(make(str(deberta), "udpos", Vanilla(), cut))[0]
    assert trial.tokenizer == "spm"
    assert trial.id != replace(trial, tokenizer="").id
    assert plan(make("embedded", "udpos", Vanilla(), cut))[0].tokenizer == ""


def test_a_sentencepiece_model_that_is_read_otherwise_is_refused(deberta: Path, tmp_path: Path) -> None:
    """mBART's class leaves the normalisation out as well."""
    AutoModelForMaskedLM.from_config(AutoConfig.for_model("xlm-roberta", **SMALL, **BERT)).save_pretrained(tmp_path)
    train(tmp_path / "sentencepiece.bpe.model")
    tokenizer_check.check(pinning.find(str(tmp_path)), UDPOS, "en", ("zh",))
    pinning.find.cache_clear()
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "MBartTokenizer"}))
    with pytest.raises(UserError, match=r"the tokenizer that is in sentencepiece\.bpe\.model of"):
        tokenizer_check.check(pinning.find(str(tmp_path)), UDPOS, "en", ("zh",))


def test_a_source_that_the_tokenizer_does_not_know_is_refused() -> None:
    encoder = pinning.find("embedded")
    with pytest.raises(UserError, match=r"does not know 3\d % of the sub-words in the source language 'ko'"):
        tokenizer_check.check(encoder, PAWSX, "ko", ("en",))
    found = tokenizer_check.warnings(encoder, PAWSX, ("de", "ko", "zh"))
    assert len(found) == 1
    assert "of the sub-words in the target language 'ko'" in found[0]


def test_words_that_become_nothing_are_unknown(tmp_path: Path) -> None:
    """Of a tokenizer without an unknown piece: RoBERTa's."""
    shutil.copytree(embedded.ENCODER, tmp_path, dirs_exist_ok=True)
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.train_from_iterator(["abc"], trainers.BpeTrainer(special_tokens=["<pad>"]))
    PreTrainedTokenizerFast(tokenizer_object=made, pad_token="<pad>").save_pretrained(tmp_path)
    assert tokenizer_check.unknown(pinning.find(str(tmp_path)), UDPOS, "ru") > 90


def test_a_target_that_the_tokenizer_does_not_know_is_said_at_the_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    korean = "그는 1998년에 서울에서 태어났다 .\t서울에서 그는 1998년에 태어났다 .\t1\n"
    data = folder_of(tmp_path, "pawsx", **{"test-de": korean})
    file = tmp_path / "s.yaml"
    file.write_text(
        f"task: pawsx\ndata: {data}\nmethods: [vanilla]\nseeds: [0]\ntargets: [de]\n"
        "settings: [{learning_rate: 1e-3, max_steps: 1, batch_size: 4}]\n"
    )
    assert main(["run", str(file), "--store", str(tmp_path / "store"), "--local", "--no-report"]) == 0
    said = capsys.readouterr().out
    assert "of the sub-words in the target language 'de'." in said
    assert said.index("Warning: the tokenizer does not know") < said.index("1 to run")
