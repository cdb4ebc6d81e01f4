"""Every kind of encoder works for both kinds of task: tiny models of each family, built from config, with random weights."""

import functools
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers, processors, trainers
from tokenizers import models as tokenizer_models
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForMaskedLM,
    AutoModelForTokenClassification,
    BertModel,
    BertTokenizer,
    PreTrainedTokenizerFast,
)

from harness import data, diagonal, encoders, models, weights
from harness.data import Origin
from harness.errors import UserError
from harness.estimate import Estimate
from harness.masking import windows
from harness.methods import (
    L2,
    Adapter,
    Bitfit,
    Composed,
    DecoupledL2,
    Ewc,
    LayerFreeze,
    LayerwiseDecay,
    Lora,
    Method,
    Mixout,
    SoftPrompt,
    Vanilla,
    WeightAveraging,
)
from harness.plan import plan
from harness.preflight import check_encoder
from harness.rescoring import rescore
from harness.study import Study
from harness.tasks import task_named
from harness.trial import build_trainer, run_trial
from harness.vocabulary import TrimmedEmbedding
from tests.conftest import SHORT

SMALL = {"vocab_size": 19_200, "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "cls_token_id": 0, "sep_token_id": 2}
BERT = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64, "max_position_embeddings": 66}
FAMILIES = {
    "bert": BERT,
    "xlm-roberta": {**BERT, "type_vocab_size": 1},
    "distilbert": {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64, "max_position_embeddings": 66},
    "deberta-v2": {
        **BERT, "type_vocab_size": 0, "relative_attention": True, "position_biased_input": False, "pos_att_type": ["p2c", "c2p"],
        "position_buckets": 16, "norm_rel_ebd": "layer_norm", "share_att_key": True, "pooler_hidden_size": 32,
    },
    "modernbert": {**BERT, "reference_compile": False, "attn_implementation": "eager"},
    "electra": {**BERT, "embedding_size": 16},
}  # fmt: skip
"""mBERT, XLM-R (positions begin after the padding's id), DistilBERT (no token types, no pooler), mDeBERTa-v3, ModernBERT, ELECTRA."""
LENGTH = 60
METHODS = [
    Vanilla(),
    L2(strength=0.5),
    Ewc(strength=5.0, languages=("de",), examples=2),
]
FURTHER_METHODS = [
    Bitfit(),
    SoftPrompt(tokens=2),
    Adapter(size=4),
    Lora(rank=2),
    DecoupledL2(strength=50.0),
    Mixout(probability=0.5),
    Composed(methods=(LayerFreeze(layers=1), LayerwiseDecay(decay=0.8), WeightAveraging(steps=2))),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A directory of each family as ``save_pretrained`` writes it, with the embedded encoder's tokenizer."""
    folders = {}
    for family, options in FAMILIES.items():
        torch.manual_seed(0)
        folder = tmp_path_factory.mktemp(family)
        AutoModelForMaskedLM.from_config(AutoConfig.for_model(family, **SMALL, **options)).save_pretrained(folder)
        tokenizer = models.tokenizer(encoders.find("embedded"))
        tokenizer.save_pretrained(folder)
        folders[family] = str(folder)
    return folders


@pytest.fixture(scope="module")
def tokenised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What all trials of this file share between them, as a worker's do."""
    return tmp_path_factory.mktemp("cache")


def make(encoder: str, task: str, method: Method) -> Study:
    return Study(
        name="family",
        task=task,
        methods=(method,),
        settings=(replace(SHORT, max_steps=3, max_length=LENGTH),),
        seeds=(1,),
        targets=("de",),
        encoder=encoder,
        precision="fp32",
    )


TRIALS = [
    *((family, task, method) for family in FAMILIES for task in ("udpos", "pawsx") for method in METHODS),
    *((family, "udpos", method) for family in FAMILIES for method in FURTHER_METHODS if (family, method.name) != ("modernbert", "bitfit")),
    *((family, "pawsx", FURTHER_METHODS[1]) for family in FAMILIES),  # prompts move the position that a pair's label is read from
]


@pytest.mark.parametrize(("family", "task", "method"), TRIALS, ids=[f"{family}-{task}-{method.name}" for family, task, method in TRIALS])
def test_a_family_trains_and_scores(made: dict[str, str], family: str, task: str, method: Method, tmp_path: Path, tokenised: Path) -> None:
    config = plan(make(made[family], task, method))[0]
    check_encoder(encoders.find(made[family]), task, LENGTH, [method])
    result = run_trial(config, cache=tokenised, weights=tmp_path / "kept")
    assert not result.record["diverged"]
    assert result.record["cost"]["trained_embeddings"] < 19_200
    assert result.record["scores"]["test"]["de"]["examples"] == {"udpos": 100, "pawsx": 200}[task]
    assert (result.history[-1]["penalty"] > 0) == (method.name in ("l2", "ewc", "decoupled_l2"))
    kept = weights.load(tmp_path / "kept", config)
    assert kept.get_input_embeddings().weight.shape[0] == 19_200
    again = rescore(kept, config, {**result.record, "weights": ""}, result.history, cache=tokenised)
    assert again.record["scores"] == result.record["scores"]


def test_what_a_family_cannot_do_is_said_before_it_runs(made: dict[str, str]) -> None:
    with pytest.raises(UserError, match=r"bitfit: the encoder \(modernbert\) has no biases to train"):
        check_encoder(encoders.find(made["modernbert"]), "udpos", LENGTH, [Bitfit()])
    for family, most in (("bert", 46), ("xlm-roberta", 44)):
        with pytest.raises(UserError, match=rf"max_length: 60 is not allowed; give at most {most}: .* soft_prompt 20 of them"):
            check_encoder(encoders.find(made[family]), "udpos", LENGTH, [SoftPrompt()])
    with pytest.raises(UserError, match="layer_freeze: layers: 3 is not allowed; give at most 2, the encoder's layers"):
        check_encoder(encoders.find(made["bert"]), "udpos", LENGTH, [LayerFreeze(layers=3)])
    for pull in (L2(strength=1), Mixout(), DecoupledL2(strength=1)):
        with pytest.raises(UserError, match=r"do not go together: what would be held near the pretrained weights is frozen"):
            check_encoder(encoders.find(made["bert"]), "udpos", LENGTH, [Composed(methods=(LayerFreeze(layers=2), pull))])
        check_encoder(encoders.find(made["bert"]), "udpos", LENGTH, [Composed(methods=(LayerFreeze(layers=1), pull))])
    with pytest.raises(UserError, match=r"lora: modules: bert\.embeddings\.word_embeddings is a Embedding; give linear maps"):
        check_encoder(encoders.find(made["bert"]), "udpos", LENGTH, [Lora(modules=("word_embeddings",))])
    with pytest.raises(UserError, match=r"lora: modules: the encoder \(bert\) has none whose name ends in nonsense"):
        check_encoder(encoders.find(made["bert"]), "udpos", LENGTH, [Lora(modules=("nonsense",))])


@pytest.mark.parametrize("estimator", ["empirical", "sampled"])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_diagonal_of_many_examples_at_a_time_is_that_of_one_after_another(made: dict[str, str], family: str, estimator: str) -> None:
    encoder = encoders.find(made[family])
    model = models.masked_language_model(encoder)
    examples = windows(encoder, Estimate(languages=("hi",), text="task", examples=7), Origin("udpos", "embedded"), 40)
    loop = diagonal.by_example(model, examples, estimator)
    if family == "deberta-v2":  # its relative positions are not of any one example
        with pytest.raises(diagonal.UnknownLayerError):
            diagonal.by_layer(model, examples, estimator)
    else:
        ours = diagonal.by_layer(model, examples, estimator)
        largest = max(float(value.max()) for value in loop.values())
        for name, value in loop.items():
            torch.testing.assert_close(ours[name], value, rtol=1e-3, atol=1e-7 * largest, msg=lambda text, name=name: f"{name}: {text}")
    chosen = diagonal.diagonal(model, examples, estimator)
    assert all(torch.allclose(chosen[name], loop[name], rtol=1e-3, atol=1e-7) for name in loop)


@pytest.mark.parametrize("family", FAMILIES)
def test_what_has_no_anchor_follows_the_seed_and_the_rest_the_checkpoint(made: dict[str, str], family: str, tmp_path: Path) -> None:
    encoder = encoders.find(made[family])
    first, again, other = (models.fine_tunable(encoder, "pawsx", seed).state_dict() for seed in (1, 1, 2))
    saved = AutoModelForMaskedLM.from_pretrained(made[family]).base_model.state_dict()
    fresh = models.pretrained(encoder, "pawsx").fresh
    anchored = models.pretrained(encoder, "pawsx").anchor
    prefix = models.pretrained(encoder, "pawsx").model.base_model_prefix + "."
    assert all(torch.equal(first[name], again[name]) for name in first)
    for name in first:
        if name in fresh:
            # A bias begins at zero and a norm at one, whatever the seed.
            assert name.endswith("bias") or "norm" in name.lower() or not torch.equal(first[name], other[name]), name
            assert name.removeprefix(prefix) not in anchored
        else:
            assert torch.equal(first[name], saved[name.removeprefix(prefix)]), name
    assert any(not name.startswith(prefix) for name in fresh)
    assert anchored.keys() <= {name for name, _ in models.pretrained(encoder, "pawsx").model.base_model.named_parameters()}


@pytest.mark.parametrize(("family", "longest"), {"bert": 66, "xlm-roberta": 64, "distilbert": 66, "modernbert": 66}.items())
def test_lengths_beyond_the_positions_are_refused_and_the_longest_works(made: dict[str, str], family: str, longest: int) -> None:
    encoder = encoders.find(made[family])
    check_encoder(encoder, "udpos", longest, [])
    with pytest.raises(UserError, match=f"max_length: {longest + 1} is not allowed; give at most {longest}"):
        check_encoder(encoder, "udpos", longest + 1, [])
    model = models.fine_tunable(encoder, "udpos", 0)
    assert model(input_ids=torch.full((1, longest), 5)).logits.shape == (1, longest, 17)


def test_a_pooler_that_the_checkpoint_has_is_pulled_and_one_that_it_lacks_is_not(made: dict[str, str], tmp_path: Path) -> None:
    for pooled in (True, False):
        folder = tmp_path / str(pooled)
        AutoModel.from_pretrained(made["bert"], add_pooling_layer=pooled).save_pretrained(folder)
        encoder = encoders.find(str(folder))
        assert ("pooler.dense.weight" in models.pretrained(encoder, "pawsx").anchor) == pooled
        assert ("bert.pooler.dense.weight" in models.pretrained(encoder, "pawsx").fresh) != pooled


def test_a_head_that_the_checkpoint_has_is_not_used(made: dict[str, str], tmp_path: Path) -> None:
    """Of whatever size: a checkpoint fine-tuned before is taken for its body."""
    for labels in (17, 5):
        folder = tmp_path / str(labels)
        AutoModelForTokenClassification.from_pretrained(made["bert"], num_labels=labels).save_pretrained(folder)
        first = models.fine_tunable(encoders.find(str(folder)), "udpos", 1)
        plain = models.fine_tunable(encoders.find(made["bert"]), "udpos", 1)
        assert torch.equal(first.classifier.weight, plain.classifier.weight)


def test_training_trims_every_family(made: dict[str, str], tmp_path: Path) -> None:
    for family in FAMILIES:
        trainer = build_trainer(plan(make(made[family], "udpos", Vanilla()))[0], tmp_path)
        assert isinstance(trainer.model.get_input_embeddings(), TrimmedEmbedding), family


def save_with_tokenizer(folder: Path, tokenizer: Any) -> str:
    torch.manual_seed(0)
    options = {**SMALL, "vocab_size": len(tokenizer), "pad_token_id": tokenizer.pad_token_id}
    AutoModelForMaskedLM.from_config(AutoConfig.for_model("bert", **options, **BERT)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def byte_level() -> PreTrainedTokenizerFast:
    """As RoBERTa's and ModernBERT's: a space belongs to the word after it."""
    made = Tokenizer(tokenizer_models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    sentences = (" ".join(words) for words, _ in data.examples(Origin("udpos", "embedded"), "train", "en").rows[:500])
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    made.train_from_iterator(sentences, trainers.BpeTrainer(vocab_size=2000, special_tokens=special, initial_alphabet=alphabet))
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    names = {"cls_token": "<s>", "pad_token": "<pad>", "sep_token": "</s>", "unk_token": "<unk>", "mask_token": "<mask>"}
    return PreTrainedTokenizerFast(tokenizer_object=made, model_max_length=64, **names)


def test_a_byte_level_tokenizer_keeps_words_apart(tmp_path: Path) -> None:
    folder = save_with_tokenizer(tmp_path / "bytes", byte_level())
    tokenizer = models.tokenizer(encoders.find(folder))
    rows = task_named("udpos").encode([(("The", "people", "of"), ("DET", "NOUN", "ADP"))], tokenizer, 32)
    pieces = tokenizer.convert_ids_to_tokens(rows["input_ids"][0])
    assert "".join(pieces[1:-1]) == "ĠTheĠpeopleĠof"
    labelled = [piece for piece, label in zip(pieces, rows["labels"][0], strict=True) if label != -100]
    assert len(labelled) == 3
    assert all(piece.startswith("Ġ") for piece in labelled)
    # A text that is no list of words begins as the encoder was pretrained.
    assert models.tokenizer(encoders.find(folder)).tokenize("The people")[0].startswith("T")
    for task in ("udpos", "pawsx"):
        assert not run_trial(plan(make(folder, task, Vanilla()))[0], cache=tmp_path).record["diverged"]


def test_word_pieces_have_token_types_in_training_and_scoring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    characters = sorted(
        {c for pair in data.examples(Origin("pawsx", "embedded"), "train", "en").rows for c in pair[0] + pair[1] if c != " "}
    )
    words = tmp_path / "vocab.txt"
    words.write_text(
        "\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *characters, *(f"##{c}" for c in characters)]), encoding="utf-8"
    )
    tokenizer = BertTokenizer(str(words), model_max_length=64, do_lower_case=False)
    folder = save_with_tokenizer(tmp_path / "pieces", tokenizer)
    seen = set()
    forward = BertModel.forward

    def spy(self: Any, *args: Any, **inputs: Any) -> Any:
        seen.add((self.training, bool(inputs["token_type_ids"].any())))
        return forward(self, *args, **inputs)

    monkeypatch.setattr(BertModel, "forward", functools.wraps(forward)(spy))
    run_trial(plan(make(folder, "pawsx", Vanilla()))[0], cache=tmp_path)
    assert seen == {(True, True), (False, True)}


def test_padding_at_the_left_changes_no_score(tmp_path: Path) -> None:
    """Some tokenizers pad there; predictions are read from the first positions."""
    scores = []
    for side in ("right", "left"):
        folder = Path(shutil.copytree(encoders.find("embedded").path, tmp_path / side))
        config = json.loads((folder / "tokenizer_config.json").read_text())
        (folder / "tokenizer_config.json").write_text(json.dumps(config | {"padding_side": side, "truncation_side": side}))
        scores.append(run_trial(plan(make(str(folder), "udpos", Vanilla()))[0], cache=tmp_path).record["scores"])
    assert scores[0] == scores[1]


def test_labels_are_named_in_what_is_kept(made: dict[str, str], tmp_path: Path) -> None:
    run_trial(plan(make(made["bert"], "pawsx", Vanilla()))[0], cache=tmp_path, weights=tmp_path / "kept")
    config = AutoConfig.from_pretrained(tmp_path / "kept")
    assert (config.id2label, config.label2id) == ({0: "0", 1: "1"}, {"0": 0, "1": 1})


def gemma_like() -> PreTrainedTokenizerFast:
    """As Gemma's and mmBERT's: a space becomes a sign of the word after it, and is not there without."""
    made = Tokenizer(tokenizer_models.BPE(unk_token="<unk>"))
    made.normalizer = normalizers.Replace(" ", "▁")
    made.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    sentences = (" ".join(words) for words, _ in data.examples(Origin("udpos", "embedded"), "train", "en").rows[:500])
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    made.train_from_iterator(sentences, trainers.BpeTrainer(vocab_size=2000, special_tokens=special))
    return PreTrainedTokenizerFast(tokenizer_object=made, model_max_length=64, pad_token="<pad>", unk_token="<unk>")


def test_other_tokenizers_keep_words_apart_as_well() -> None:
    tokenizer = gemma_like()
    rows = task_named("udpos").encode([(("the", "people", "of"), ("DET", "NOUN", "ADP"))], tokenizer, 32)
    assert tokenizer.convert_ids_to_tokens(rows["input_ids"][0]) == ["▁the", "▁people", "▁of"]
    embedded = models.tokenizer(encoders.find("embedded"))  # marks beginnings by itself
    rows = task_named("udpos").encode([(("the", "people", "of"), ("DET", "NOUN", "ADP"))], embedded, 32)
    assert rows["input_ids"][0] == embedded("the people of")["input_ids"]
