"""Every kind of encoder works for both kinds of task: tiny models of each family, built from config, with random
weights."""

from pathlib import Path

import pytest
import torch
from transformers import AutoConfig, AutoModel, AutoModelForMaskedLM, AutoModelForTokenClassification

from harness.common.errors import UserError
from harness.data.context import TrialContext
from harness.data.origin import Origin
from harness.encoders import loading, pinning
from harness.encoders.trimmed_embedding import TrimmedEmbedding
from harness.execution.plan import plan
from harness.execution.preflight import check_encoder
from harness.fisher import diagonal
from harness.fisher.windows import windows
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
from harness.methods.fisher_estimate import Estimate
from harness.training import weights
from harness.training.building import build_trainer
from harness.training.rescoring import rescore
from harness.training.trial import run_trial
from tests.helpers.encoders import FAMILIES, LENGTH, make
from tests.helpers.studies import SCORED

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
def tokenised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What all trials of this file share between them, as a worker's do."""
    return tmp_path_factory.mktemp("cache")


TRIALS = [
    *((family, task, method) for family in FAMILIES for task in ("udpos", "pawsx") for method in METHODS),
    *(
        (family, "udpos", method)
        for family in FAMILIES
        for method in FURTHER_METHODS
        if (family, method.name) != ("modernbert", "bitfit")
    ),
    # prompts move the position that a pair's label is read from
    *((family, "pawsx", FURTHER_METHODS[1]) for family in FAMILIES),
]
TRIALS.sort(key=lambda trial: trial[:2])  # few encoders at a time stay loaded


@pytest.mark.parametrize(
    ("family", "task", "method"), TRIALS, ids=[f"{family}-{task}-{method.name}" for family, task, method in TRIALS]
)
def test_a_family_trains_and_scores(
    families: dict[str, str],
    family: str,
    task: str,
    method: Method,
    cut: Path,
    tmp_path: Path,
    tokenised: Path,
) -> None:
    config = plan(make(families[family], task, method, cut))[0]
    check_encoder(pinning.find(families[family]), task, LENGTH, [method])
    result = run_trial(config, cache=tokenised, weights=tmp_path / "kept")
    assert not result.record.diverged
    assert result.record.cost.trained_embeddings < 19_200
    assert result.record.scores.test["de"].examples == SCORED
    assert (result.history[-1]["penalty"] > 0) == (method.name in ("l2", "ewc", "decoupled_l2"))
    kept = weights.load(tmp_path / "kept", config)
    assert kept.get_input_embeddings().weight.shape[0] == 19_200
    again = rescore(kept, config, result.record, result.history, cache=tokenised)
    assert again.record.scores == result.record.scores


def test_what_a_family_cannot_do_is_said_before_it_runs(families: dict[str, str]) -> None:
    with pytest.raises(UserError, match=r"bitfit: the encoder \(modernbert\) has no biases to train"):
        check_encoder(pinning.find(families["modernbert"]), "udpos", LENGTH, [Bitfit()])
    for family, most in (("bert", 46), ("xlm-roberta", 44)):
        with pytest.raises(
            UserError, match=rf"max_length: 60 is not allowed; give at most {most}: .* soft_prompt uses 20 of them"
        ):
            check_encoder(pinning.find(families[family]), "udpos", LENGTH, [SoftPrompt()])
    with pytest.raises(UserError, match="layer_freeze: layers: 3 is not allowed; give at most 2, the encoder's layers"):
        check_encoder(pinning.find(families["bert"]), "udpos", LENGTH, [LayerFreeze(layers=3)])
    for pull in (L2(strength=1), Mixout(), DecoupledL2(strength=1)):
        with pytest.raises(
            UserError, match=r"do not go together: the weights to hold near their pretrained values are frozen"
        ):
            check_encoder(
                pinning.find(families["bert"]), "udpos", LENGTH, [Composed(methods=(LayerFreeze(layers=2), pull))]
            )
        check_encoder(
            pinning.find(families["bert"]), "udpos", LENGTH, [Composed(methods=(LayerFreeze(layers=1), pull))]
        )
    with pytest.raises(
        UserError, match=r"lora: modules: bert\.embeddings\.word_embeddings is a Embedding; give linear maps"
    ):
        check_encoder(pinning.find(families["bert"]), "udpos", LENGTH, [Lora(modules=("word_embeddings",))])
    with pytest.raises(
        UserError, match=r"lora: modules: the encoder \(bert\) has no module whose name ends in nonsense"
    ):
        check_encoder(pinning.find(families["bert"]), "udpos", LENGTH, [Lora(modules=("nonsense",))])


@pytest.mark.parametrize("estimator", ["empirical", "sampled"])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_diagonal_of_many_examples_at_a_time_is_that_of_one_after_another(
    families: dict[str, str], family: str, estimator: str
) -> None:
    encoder = pinning.find(families[family])
    model = loading.masked_language_model(encoder)
    examples = windows(encoder, Estimate(languages=("hi",), text="task", examples=7), Origin("udpos", "embedded"), 40)
    loop = diagonal.by_example(model, examples, estimator)
    if family == "deberta-v2":  # its relative positions are not of any one example
        with pytest.raises(diagonal.UnknownLayerError):
            diagonal.by_layer(model, examples, estimator)
    else:
        ours = diagonal.by_layer(model, examples, estimator)
        largest = max(float(value.max()) for value in loop.values())
        for name, value in loop.items():
            torch.testing.assert_close(
                ours[name], value, rtol=1e-3, atol=1e-7 * largest, msg=lambda text, name=name: f"{name}: {text}"
            )
    chosen = diagonal.diagonal(model, examples, estimator)
    assert all(torch.allclose(chosen[name], loop[name], rtol=1e-3, atol=1e-7) for name in loop)


@pytest.mark.parametrize("family", FAMILIES)
def test_what_has_no_anchor_follows_the_seed_and_the_rest_the_checkpoint(
    families: dict[str, str], family: str, tmp_path: Path
) -> None:
    encoder = pinning.find(families[family])
    first, again, other = (loading.fine_tunable(encoder, "pawsx", seed).state_dict() for seed in (1, 1, 2))
    saved = AutoModelForMaskedLM.from_pretrained(families[family]).base_model.state_dict()
    fresh = loading.pretrained(encoder, "pawsx").fresh
    anchored = loading.pretrained(encoder, "pawsx").anchor
    prefix = loading.pretrained(encoder, "pawsx").model.base_model_prefix + "."
    assert all(torch.equal(first[name], again[name]) for name in first)
    for name in first:
        if name in fresh:
            # A bias begins at zero and a norm at one, whatever the seed.
            assert name.endswith("bias") or "norm" in name.lower() or not torch.equal(first[name], other[name]), name
            assert name.removeprefix(prefix) not in anchored
        else:
            assert torch.equal(first[name], saved[name.removeprefix(prefix)]), name
    assert any(not name.startswith(prefix) for name in fresh)
    assert anchored.keys() <= {
        name for name, _ in loading.pretrained(encoder, "pawsx").model.base_model.named_parameters()
    }


@pytest.mark.parametrize(
    ("family", "longest"), {"bert": 66, "xlm-roberta": 64, "distilbert": 66, "modernbert": 66}.items()
)
def test_lengths_beyond_the_positions_are_refused_and_the_longest_works(
    families: dict[str, str], family: str, longest: int
) -> None:
    encoder = pinning.find(families[family])
    check_encoder(encoder, "udpos", longest, [])
    with pytest.raises(UserError, match=f"max_length: {longest + 1} is not allowed; give at most {longest}"):
        check_encoder(encoder, "udpos", longest + 1, [])
    model = loading.fine_tunable(encoder, "udpos", 0)
    assert model(input_ids=torch.full((1, longest), 5)).logits.shape == (1, longest, 17)


def test_a_pooler_that_the_checkpoint_has_is_pulled_and_one_that_it_lacks_is_not(
    families: dict[str, str], tmp_path: Path
) -> None:
    for pooled in (True, False):
        folder = tmp_path / str(pooled)
        AutoModel.from_pretrained(families["bert"], add_pooling_layer=pooled).save_pretrained(folder)
        encoder = pinning.find(str(folder))
        assert ("pooler.dense.weight" in loading.pretrained(encoder, "pawsx").anchor) == pooled
        assert ("bert.pooler.dense.weight" in loading.pretrained(encoder, "pawsx").fresh) != pooled


def test_a_head_that_the_checkpoint_has_is_not_used(families: dict[str, str], tmp_path: Path) -> None:
    """Of whatever size: a checkpoint fine-tuned before is taken for its body."""
    for labels in (17, 5):
        folder = tmp_path / str(labels)
        AutoModelForTokenClassification.from_pretrained(families["bert"], num_labels=labels).save_pretrained(folder)
        first = loading.fine_tunable(pinning.find(str(folder)), "udpos", 1)
        plain = loading.fine_tunable(pinning.find(families["bert"]), "udpos", 1)
        assert torch.equal(first.classifier.weight, plain.classifier.weight)


def test_training_trims_every_family(families: dict[str, str], cut: Path, tmp_path: Path) -> None:
    for family in FAMILIES:
        trainer = build_trainer(TrialContext.of(plan(make(families[family], "udpos", Vanilla(), cut))[0], tmp_path))
        assert isinstance(trainer.model.get_input_embeddings(), TrimmedEmbedding), family


def test_labels_are_named_in_what_is_kept(families: dict[str, str], cut: Path, tmp_path: Path) -> None:
    run_trial(plan(make(families["bert"], "pawsx", Vanilla(), cut))[0], cache=tmp_path, weights=tmp_path / "kept")
    config = AutoConfig.from_pretrained(tmp_path / "kept")
    assert (config.id2label, config.label2id) == ({0: "0", 1: "1"}, {"0": 0, "1": 1})
