"""Every fine-tuning method against an independent statement of what it is, through the real trainer on the shipped encoder."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel, TrainerCallback
from transformers.training_args import OptimizerNames

from harness import encoders, fisher, models, vocabulary, weights
from harness.data import Origin
from harness.diagonal import by_example
from harness.errors import UserError
from harness.estimate import Estimate
from harness.masking import Window, windows
from harness.methods import (
    L2,
    METHODS,
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
    method_from,
)
from harness.mixed_linear import MixedLinear
from harness.plan import plan
from harness.study import Setting, Study, TrialConfig
from harness.trainer import PenaltyTrainer
from harness.trial import HISTORY, build_trainer, run_trial
from harness.vocabulary import TrimmedEmbedding
from tests.conftest import SHORT

STEPS = replace(SHORT, warmup_steps=0)
"""Three steps, all of which move the weights."""
WIDTH, LAYERS, INNER, VOCABULARY, POSITIONS, TYPES, LABELS = 384, 4, 1536, 19_200, 512, 2, 17
"""The embedded encoder and its head for UDPOS."""
WORDS = "bert.embeddings.word_embeddings.weight"
HEAD = {"classifier.weight", "classifier.bias"}
MiB = 2**20


class Recorder(TrainerCallback):
    """Keeps the weights, gradients and learning rates that the optimizer is about to use, and the weights after each step."""

    def __init__(self) -> None:
        self.gradients: list[dict[str, Tensor]] = []
        self.rates: list[dict[str, float]] = []
        self.before: list[dict[str, Tensor]] = []
        self.after: list[dict[str, Tensor]] = []

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, model: Any = None, optimizer: Any = None, **rest: Any) -> None:
        names = {parameter: name for name, parameter in model.named_parameters()}
        self.gradients.append({name: p.grad.clone() for p, name in names.items() if p.grad is not None})
        self.before.append({name: p.detach().clone() for p, name in names.items()})
        listed = [(names[p], group["lr"]) for group in optimizer.param_groups for p in group["params"]]
        assert len(listed) == len(dict(listed)), "a parameter is in two groups"
        self.rates.append(dict(listed))

    def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **rest: Any) -> None:
        self.after.append({name: p.detach().clone() for name, p in model.named_parameters()})


@dataclass
class Fitted:
    """What a training leaves."""

    config: TrialConfig
    model: PreTrainedModel
    history: list[dict[str, float]]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tokenised data and diagonals, shared by the file's tests."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def fit(cache: Path) -> Callable[[TrialConfig], Fitted]:
    """Trains a config, once for all tests of the file; ``finish`` has not been called."""
    done: dict[str, Fitted] = {}

    def fitted(config: TrialConfig) -> Fitted:
        if config.id not in done:
            trainer = build_trainer(config, cache)
            trainer.train()
            assert isinstance(trainer.model, PreTrainedModel)
            done[config.id] = Fitted(config, trainer.model.eval(), rows_of(trainer))
        return done[config.id]

    return fitted


@pytest.fixture(scope="module")
def sentences(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of ten training sentences, and one sentence in every other file."""
    folder = tmp_path_factory.mktemp("data") / "udpos"
    folder.mkdir()
    for name, count in {"train-en": 10, "dev-en": 1, "test-en": 1, "test-de": 1}.items():
        text = "\n".join(f"Dogs\tNOUN\nbark\tVERB\n{i}\tNUM\n.\tPUNCT\n" for i in range(count))
        (folder / f"{name}.tsv").write_text(text, encoding="utf-8")
    return folder.parent


def rows_of(trainer: PenaltyTrainer) -> list[dict[str, float]]:
    return [{key: row[key] for key in HISTORY} for row in trainer.state.log_history if "task_loss" in row]


def plain(seed: int = 0) -> PreTrainedModel:
    """The pretrained encoder with the head that a trial of that seed begins with."""
    return models.fine_tunable(encoders.find("embedded"), "udpos", seed).eval()


def anchor() -> dict[str, Tensor]:
    """θ* by parameter name within the whole model."""
    return {f"bert.{name}": p for name, p in models.pretrained(encoders.find("embedded"), "udpos").anchor.items()}


def whole(model: PreTrainedModel) -> dict[str, Tensor]:
    """A model's weights, the embeddings of the whole vocabulary among them."""
    found = {name: p.detach() for name, p in model.named_parameters()}
    embedding = model.get_input_embeddings()
    return found | ({WORDS: embedding.restored().weight.detach()} if isinstance(embedding, TrimmedEmbedding) else {})


def moved(model: PreTrainedModel) -> set[str]:
    """Names of the weights that are not, bit for bit, what they began as; those that a method has added count."""
    start = whole(plain())
    return {name for name, p in whole(model).items() if name not in start or not torch.equal(p, start[name])}


def batch(*texts: str) -> dict[str, Tensor]:
    """Some texts, padded, with token types that change in the middle."""
    given = models.tokenizer(encoders.find("embedded"))(list(texts), padding=True, return_tensors="pt")
    types = torch.zeros_like(given["input_ids"])
    types[:, types.shape[1] // 2 :] = 1
    return {"input_ids": given["input_ids"], "attention_mask": given["attention_mask"], "token_type_ids": types}


SHORTER, LONGER = "Dogs bark .", "Das ist ein etwas längerer Satz , und キツネ ist auch dabei ."


@torch.no_grad()
def logits(model: PreTrainedModel, **given: Tensor) -> Tensor:
    return model.eval()(**(given or batch(LONGER, SHORTER))).logits


def without_dropout(trainer: PenaltyTrainer) -> PenaltyTrainer:
    for module in trainer.model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return trainer


def off_the_anchor(trainer: PenaltyTrainer) -> PenaltyTrainer:
    """Move all weights away from θ*, the same way every time."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in trainer.model.parameters():
            parameter.add_(0.02 * torch.randn(parameter.shape, generator=generator))
    return trainer


def recorded(config: TrialConfig, cache: Path, *, sgd: bool = False) -> Recorder:
    """A training that begins away from θ*, by AdamW or by plain gradient descent."""
    trainer = off_the_anchor(build_trainer(config, cache))
    if sgd:
        trainer.args.optim = OptimizerNames.SGD
    recorder = Recorder()
    trainer.add_callback(recorder)
    trainer.train()
    assert (type(trainer.optimizer.optimizer) is torch.optim.SGD) == sgd
    return recorder


def close(ours: dict[str, Tensor], expected: dict[str, Tensor], **tolerance: float) -> None:
    assert ours.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(ours[name], value, msg=lambda text, name=name: f"{name}: {text}", **tolerance)


def same(ours: dict[str, Tensor], expected: dict[str, Tensor]) -> bool:
    return ours.keys() == expected.keys() and all(torch.equal(ours[name], value) for name, value in expected.items())


def depth(name: str) -> int:
    """Of a parameter of the embedded encoder: embeddings 0, layers 1 to 4, head 5."""
    if (layer := re.match(r"bert\.encoder\.layer\.(\d)\.", name)) is not None:
        return int(layer[1]) + 1
    return 0 if name.startswith("bert.embeddings.") else LAYERS + 1


# adapter


@pytest.mark.parametrize("method", [Adapter(), Lora()], ids=["adapter", "lora"])
def test_what_is_added_does_nothing_at_the_beginning(trial: Callable[..., TrialConfig], cache: Path, method: Method) -> None:
    model = build_trainer(trial(method), cache).model
    assert len(whole(model)) > len(whole(plain()))
    assert torch.equal(logits(model), logits(plain()))


@pytest.mark.parametrize("size", [64, 3])
def test_adapters_are_two_bottlenecks_a_layer(trial: Callable[..., TrialConfig], cache: Path, size: int) -> None:
    model = build_trainer(trial(Adapter(size=size)), cache).model
    added = {name: p for name, p in model.named_parameters() if name not in whole(plain())}
    places = {name.split(".adapter.")[0] for name in added}
    assert places == {f"bert.encoder.layer.{i}.{part}output.dense" for i in range(LAYERS) for part in ("attention.", "")}
    assert sum(p.numel() for p in added.values()) == LAYERS * 2 * (2 * WIDTH * size + size + WIDTH)
    assert all(p.requires_grad for p in added.values())


def test_an_adapter_stands_behind_the_linear_map_and_before_the_residual(trial: Callable[..., TrialConfig], fit: Any) -> None:
    model = fit(trial(Adapter(), setting=STEPS)).model
    layer = model.bert.encoder.layer[1]
    state = {name.split("output.dense.adapter.")[1]: p for name, p in layer.named_parameters() if name.startswith("output.dense.adapter.")}
    torch.manual_seed(0)
    inner, residual = torch.randn(2, 5, INNER), torch.randn(2, 5, WIDTH)
    dense, norm = layer.output.dense, layer.output.LayerNorm
    h = inner @ dense.weight.T + dense.bias
    h = h + nn.functional.gelu(h @ state["0.weight"].T + state["0.bias"]) @ state["2.weight"].T + state["2.bias"]
    torch.testing.assert_close(layer.output(inner, residual), norm(h + residual), rtol=1e-5, atol=1e-5)
    assert not torch.equal(state["2.weight"], torch.zeros_like(state["2.weight"]))


def test_only_adapters_layer_norms_and_the_head_move(trial: Callable[..., TrialConfig], fit: Any) -> None:
    model = fit(trial(Adapter(), setting=STEPS)).model
    norms = {name for name in whole(plain()) if "LayerNorm" in name}
    assert len(norms) == 2 * (1 + 2 * LAYERS)
    changed = moved(model)
    assert {name for name in changed if ".adapter." not in name} == norms | HEAD
    assert len({name for name in changed if ".adapter." in name}) == LAYERS * 2 * 4


@pytest.mark.parametrize(
    "method",
    [
        Adapter(),
        SoftPrompt(tokens=5),
        Lora(),
        Mixout(),
        Composed(methods=(Adapter(), WeightAveraging(steps=2), LayerwiseDecay())),
    ],
    ids=lambda method: method.label,
)
def test_kept_weights_give_the_same_logits(trial: Callable[..., TrialConfig], cache: Path, tmp_path: Path, method: Method) -> None:
    config = trial(method, setting=STEPS)
    trainer = build_trainer(config, cache)
    trainer.train()
    model = trainer.model
    config.method.finish(model)
    expected = logits(model)
    weights.save(model, config, tmp_path / "kept")
    assert not torch.equal(expected, logits(plain()))
    assert torch.equal(logits(weights.load(tmp_path / "kept", config)), expected)


# bitfit


def test_bitfit_moves_the_biases_and_the_head_alone(trial: Callable[..., TrialConfig], fit: Any) -> None:
    changed = moved(fit(trial(Bitfit(), setting=STEPS)).model)
    biases = {name for name in whole(plain()) if name.endswith(".bias")}
    keys = {name for name in biases if name.endswith("attention.self.key.bias")}  # softmax does not see them: their gradient is rounding
    assert len(biases) == 1 + LAYERS * 8 + 1
    assert changed - keys == (biases | HEAD) - keys


# soft_prompt


def test_no_weight_of_the_encoder_moves_with_prompts(trial: Callable[..., TrialConfig], cache: Path) -> None:
    trainer = build_trainer(trial(SoftPrompt(tokens=5), setting=STEPS), cache)
    prompts = trainer.model.base_model.soft_prompt.embedding.weight
    start = prompts.detach().clone()
    assert start.shape == (5, WIDTH)
    trainer.train()
    added = {name for name in whole(trainer.model) if name not in whole(plain())}
    assert added == {"bert.soft_prompt.embedding.weight"}
    assert moved(trainer.model) == added | HEAD
    assert (prompts != start).any(1).all()


def test_prompts_stand_behind_the_first_token(trial: Callable[..., TrialConfig], fit: Any) -> None:
    model, reference = fit(trial(SoftPrompt(tokens=5), setting=STEPS)).model, plain()
    reference.classifier.load_state_dict(model.classifier.state_dict())
    given = batch(LONGER, SHORTER)
    prompts = model.base_model.soft_prompt.embedding.weight.detach()
    words = reference.get_input_embeddings()(given["input_ids"]).detach()
    embeds = torch.cat((words[:, :1], prompts.expand(2, -1, -1), words[:, 1:]), 1)
    mask = torch.cat((torch.ones(2, 6, dtype=torch.long), given["attention_mask"][:, 1:]), 1)
    types = torch.cat((torch.zeros(2, 6, dtype=torch.long), given["token_type_ids"][:, 1:]), 1)
    direct = logits(reference, inputs_embeds=embeds, attention_mask=mask, token_type_ids=types)
    ours = logits(model, **given)
    assert ours.shape == (*given["input_ids"].shape, LABELS)
    torch.testing.assert_close(ours, torch.cat((direct[:, :1], direct[:, 6:]), 1), rtol=1e-5, atol=1e-6)
    shuffled = logits(reference, **given)
    assert not torch.allclose(ours, shuffled, atol=1e-2)  # the prompts say something


def test_prompts_and_padding_do_not_meet(trial: Callable[..., TrialConfig], fit: Any) -> None:
    model = fit(trial(SoftPrompt(tokens=5), setting=STEPS)).model
    given = batch(LONGER, SHORTER)
    length = int(given["attention_mask"][1].sum())
    assert length < given["input_ids"].shape[1]
    alone = logits(model, **{name: value[1:, :length] for name, value in given.items()})
    torch.testing.assert_close(logits(model, **given)[1:, :length], alone, rtol=1e-5, atol=1e-5)


# lora


def test_lora_leaves_a_plain_model_with_low_rank_changes(trial: Callable[..., TrialConfig], cache: Path) -> None:
    rank, alpha = 3, 12.0
    config = trial(Lora(rank=rank, alpha=alpha), setting=replace(STEPS, max_steps=6))
    trainer = build_trainer(config, cache)
    trainer.train()
    model = trainer.model
    unmerged = logits(model)
    added = {name: p.detach().clone() for name, p in model.named_parameters() if "lora_" in name}
    assert len(added) == LAYERS * 2 * 2
    config.method.finish(model)
    assert not any("lora" in type(module).__module__ or "Lora" in type(module).__name__ for module in model.modules())
    assert list(dict(model.named_parameters())) == list(dict(plain().named_parameters()))
    assert model.state_dict().keys() == plain().state_dict().keys()
    assert {type(module) for module in model.modules()} - {TrimmedEmbedding} <= {type(module) for module in plain().modules()}
    torch.testing.assert_close(logits(model), unmerged, rtol=1e-4, atol=1e-5)
    assert not torch.equal(unmerged, logits(plain()))
    updated = {f"bert.encoder.layer.{i}.attention.self.{part}.weight" for i in range(LAYERS) for part in ("query", "value")}
    assert moved(model) == updated | HEAD
    for name in updated:
        difference = whole(model)[name] - anchor()[name]
        a, b = (added[f"{name.removesuffix('.weight')}.lora_{side}.default.weight"] for side in "AB")
        torch.testing.assert_close(difference, alpha / rank * b @ a, rtol=1e-3, atol=1e-7)
        spectrum = torch.linalg.svdvals(difference)
        assert spectrum[rank] < 1e-3 * spectrum[0]


# decoupled_l2


@pytest.mark.parametrize("rest", [(), (LayerwiseDecay(decay=0.5),)], ids=["one rate", "rates by layer"])
@pytest.mark.parametrize("accumulation", [1, 2])
def test_for_gradient_descent_a_decoupled_pull_is_that_of_the_loss(
    trial: Callable[..., TrialConfig], cache: Path, accumulation: int, rest: tuple[Method, ...]
) -> None:
    setting = replace(STEPS, learning_rate=0.05, accumulation=accumulation, max_grad_norm=0.0)
    runs = [
        recorded(trial(Composed(methods=(method, *rest)) if rest else method, setting=setting), cache, sgd=True)
        for method in (L2(strength=2.0), DecoupledL2(strength=2.0), L2(strength=0.0))
    ]
    coupled, decoupled, free = (run.after[-1] for run in runs)
    assert len(runs[0].after) == 3
    assert len(set(runs[0].rates[0].values())) == (6 if rest else 1)
    close(decoupled, coupled, rtol=1e-4, atol=1e-6)
    name = "bert.encoder.layer.3.output.dense.weight"
    assert (decoupled[name] - free[name]).abs().max() > 1e-3


def test_for_adam_it_is_another_method(trial: Callable[..., TrialConfig], cache: Path) -> None:
    setting = replace(STEPS, max_grad_norm=0.0)
    coupled, decoupled = (recorded(trial(kind(strength=20.0), setting=setting), cache).after[-1] for kind in (L2, DecoupledL2))
    name = "bert.encoder.layer.3.output.dense.weight"
    assert (coupled[name] - decoupled[name]).abs().max() > 1e-4


@pytest.mark.parametrize("clip", [0.0, 0.5])
def test_a_decoupled_step_is_the_pull_and_then_adams(trial: Callable[..., TrialConfig], cache: Path, clip: float) -> None:
    rate, strength = 1e-3, 50.0
    setting = replace(STEPS, max_steps=1, learning_rate=rate, max_grad_norm=clip)
    run = recorded(trial(DecoupledL2(strength=strength), setting=setting), cache)
    free = recorded(trial(Vanilla(), setting=setting), cache)
    assert same(run.before[0], free.before[0])
    close(run.gradients[0], free.gradients[0])  # the pull is no part of the gradient, nor clipped with it
    kept = build_trainer(trial(Vanilla(), setting=setting), cache).model.get_input_embeddings().kept
    expected = {}
    for name, theta in run.before[0].items():
        value = theta.clone()
        if name not in HEAD:
            star = anchor()[name][kept] if name == WORDS else anchor()[name]
            value -= rate * strength * (theta - star)
        expected[name] = nn.Parameter(value)
        expected[name].grad = run.gradients[0][name]
    adam = torch.optim.AdamW(expected.values(), lr=rate, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, foreach=False, fused=False)
    adam.step()
    close(run.after[0], {name: p.detach() for name, p in expected.items()}, rtol=1e-5, atol=1e-7)


# mixout


@pytest.fixture
def mixed() -> MixedLinear:
    torch.manual_seed(0)
    return MixedLinear(nn.Linear(40, 30), torch.randn(30, 40), 0.7)


def test_mixing_is_for_training_alone(mixed: MixedLinear) -> None:
    x = torch.randn(5, 40)
    mixed.eval()
    assert torch.equal(mixed(x), nn.functional.linear(x, mixed.weight, mixed.bias))
    mixed.train()
    never = MixedLinear(mixed, mixed.target, 0.0).train()
    torch.testing.assert_close(never(x), nn.functional.linear(x, mixed.weight, mixed.bias), rtol=1e-5, atol=1e-5)
    assert set(dict(mixed.named_parameters())) == set(mixed.state_dict()) == {"weight", "bias"}


def test_mixed_entries_are_the_target_or_stretched_away_from_it(mixed: MixedLinear) -> None:
    torch.manual_seed(1)
    used = (mixed(torch.eye(40)) - mixed.bias).T.detach()
    stretched = mixed.target + (mixed.weight.detach() - mixed.target) / (1 - 0.7)
    is_target, is_stretched = (torch.isclose(used, other, atol=1e-5) for other in (mixed.target, stretched))
    assert (is_target ^ is_stretched).all()
    assert float(is_target.float().mean()) == pytest.approx(0.7, abs=0.05)
    torch.manual_seed(1)
    assert torch.equal((mixed(torch.eye(40)) - mixed.bias).T.detach(), used)
    assert not torch.equal((mixed(torch.eye(40)) - mixed.bias).T.detach(), used)


@torch.no_grad()
def test_the_mean_of_many_draws_is_the_plain_map(mixed: MixedLinear) -> None:
    x, draws = torch.randn(4, 40), 4000
    outputs = torch.stack([mixed(x) for _ in range(draws)])
    expected = nn.functional.linear(x, mixed.weight, mixed.bias)
    error = (outputs.mean(0) - expected) / (outputs.std(0) / draws**0.5)
    assert float(error.abs().max()) < 5
    assert float(error.std()) == pytest.approx(1, abs=0.3)


def test_the_gradient_passes_where_the_weight_is_used(mixed: MixedLinear) -> None:
    torch.manual_seed(1)
    out = mixed(torch.eye(40))
    used = (out - mixed.bias).T.detach()
    incoming = torch.randn_like(out)
    (out * incoming).sum().backward()
    kept = ~torch.isclose(used, mixed.target, atol=1e-6)
    torch.testing.assert_close(mixed.weight.grad, kept / (1 - 0.7) * incoming.T, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(mixed.bias.grad, incoming.sum(0))
    assert not mixed.target.requires_grad


def test_all_matrices_of_the_encoder_are_mixed_with_their_own(trial: Callable[..., TrialConfig], fit: Any) -> None:
    model = fit(trial(Mixout(), setting=STEPS)).model
    found = {name: module for name, module in model.named_modules() if isinstance(module, MixedLinear)}
    assert len(found) == LAYERS * 6
    assert all(torch.equal(module.target, anchor()[f"{name}.weight"]) for name, module in found.items())
    assert all(module.probability == 0.7 for module in found.values())
    assert {name for name, module in model.named_modules() if type(module) is nn.Linear} == {"classifier"}
    plain_model = plain()
    plain_model.load_state_dict(whole(model) | {name: b for name, b in plain_model.state_dict().items() if name not in whole(model)})
    assert torch.equal(logits(model), logits(plain_model))
    assert moved(model) >= {f"{name}.weight" for name in found} | HEAD


def test_at_the_anchor_mixing_does_nothing(trial: Callable[..., TrialConfig], cache: Path) -> None:
    setting = replace(STEPS, max_steps=1)
    steps = []
    for method in (Vanilla(), Mixout()):
        trainer = without_dropout(build_trainer(trial(method, setting=setting), cache))
        trainer.train()
        steps.append(rows_of(trainer)[0]["task_loss"])
    assert steps[0] == steps[1]


def test_mixout_that_never_mixes_is_vanilla(trial: Callable[..., TrialConfig], fit: Any) -> None:
    plain_run, never, often = (fit(trial(method, setting=STEPS)) for method in (Vanilla(), Mixout(probability=0.0), Mixout()))
    differences = {}
    for name, run in {"never": never, "often": often}.items():
        differences[name] = [row["task_loss"] - other["task_loss"] for row, other in zip(run.history, plain_run.history, strict=True)]
    assert max(map(abs, differences["never"])) < 1e-5
    assert max(map(abs, differences["often"])) > 1e-3


# layer_freeze


@pytest.mark.parametrize("layers", [0, 2, LAYERS])
def test_frozen_layers_stay_and_the_others_move(trial: Callable[..., TrialConfig], fit: Any, layers: int) -> None:
    model = fit(trial(LayerFreeze(layers=layers), setting=STEPS)).model
    keys = {name for name in whole(model) if name.endswith("key.bias")}
    expected = {name for name in whole(plain()) if depth(name) > layers}
    assert moved(model) - keys == expected - keys
    assert moved(model) <= expected
    assert {name for name, p in model.named_parameters() if p.requires_grad} == expected


# layerwise_decay


def test_every_layer_has_its_learning_rate(trial: Callable[..., TrialConfig], cache: Path) -> None:
    setting = replace(SHORT, warmup_steps=2, max_steps=6)
    trainer = build_trainer(trial(LayerwiseDecay(decay=0.8), setting=setting), cache)
    recorder = Recorder()
    trainer.add_callback(recorder)
    trainer.train()
    schedule = [0.0, 0.5, 1.0, 0.75, 0.5, 0.25]  # two steps up, four down
    assert len(recorder.rates) == len(schedule)
    for share, rates in zip(schedule, recorder.rates, strict=True):
        assert rates.keys() == whole(plain()).keys()  # each once, see ``Recorder``
        for name, rate in rates.items():
            assert rate == pytest.approx(1e-3 * share * 0.8 ** (LAYERS + 1 - depth(name)), rel=1e-9), name
    logged = [row["learning_rate"] for row in rows_of(trainer)]
    undecayed = build_trainer(trial(setting=setting), cache)
    undecayed.train()
    assert logged == [row["learning_rate"] for row in rows_of(undecayed)]
    assert max(logged) == 1e-3


def test_a_decay_of_one_is_vanilla(trial: Callable[..., TrialConfig], fit: Any) -> None:
    ours, other = (fit(trial(method, setting=STEPS)) for method in (LayerwiseDecay(decay=1.0), Vanilla()))
    assert same(whole(ours.model), whole(other.model))
    assert ours.history == other.history


def test_a_decay_does_not_unfreeze_nor_lose_anything(trial: Callable[..., TrialConfig], cache: Path) -> None:
    for method, trained in {
        LayerFreeze(layers=2): {name for name in whole(plain()) if depth(name) > 2},
        Lora(): None,
        Adapter(): None,
    }.items():
        trainer = build_trainer(trial(Composed(methods=(method, LayerwiseDecay(decay=0.5))), setting=replace(STEPS, max_steps=1)), cache)
        wanted = {name for name, p in trainer.model.named_parameters() if p.requires_grad}
        assert trained is None or wanted == trained
        recorder = Recorder()
        trainer.add_callback(recorder)
        trainer.train()
        assert recorder.rates[0].keys() == wanted
        for name, rate in recorder.rates[0].items():
            assert rate == pytest.approx(1e-3 * 0.5 ** (LAYERS + 1 - depth(name))), name


# weight_averaging


def mean_of(states: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    return {name: torch.stack([state[name].double() for state in states]).mean(0).float() for name in states[0]}


EPOCHS = replace(STEPS, max_steps=None, epochs=0.1)
"""Five steps: one in a hundred of 2,000 sentences, four at a time."""


@pytest.mark.parametrize(
    ("method", "setting", "count"),
    [
        (WeightAveraging(steps=3), replace(STEPS, max_steps=5), 3),
        (WeightAveraging(steps=5), replace(STEPS, max_steps=5), 5),
        (WeightAveraging(steps=3), EPOCHS, 3),
        (WeightAveraging(epochs=0.06), EPOCHS, 3),
        (WeightAveraging(epochs=0.1), EPOCHS, 5),
        (WeightAveraging(epochs=0.04), replace(EPOCHS, accumulation=2), 2),
        (Composed(methods=(WeightAveraging(steps=2), LayerFreeze(layers=3))), STEPS, 2),
    ],
    ids=["3 of 5", "all", "of epochs", "epochs", "all epochs", "epochs with accumulation", "composed"],
)
def test_the_mean_of_the_last_weights_is_left(
    trial: Callable[..., TrialConfig], cache: Path, method: Method, setting: Setting, count: int
) -> None:
    trainer = build_trainer(trial(method, setting=setting), cache)
    recorder = Recorder()
    trainer.add_callback(recorder)
    trainer.train()
    assert len(recorder.after) == (setting.max_steps or 5)
    final = {name: p.detach() for name, p in trainer.model.named_parameters()}
    close(final, mean_of(recorder.after[-count:]), rtol=1e-5, atol=1e-7)
    name = "bert.encoder.layer.3.output.dense.weight"
    assert not torch.equal(final[name], recorder.after[-1][name])


def test_the_epochs_of_the_whole_training_are_all_its_steps(sentences: Path, cache: Path) -> None:
    """Ten sentences are five micro-batches of two: two steps of two and a last one of one."""
    setting = replace(STEPS, max_steps=None, epochs=1.0, accumulation=2)
    study = Study(
        name="small",
        task="udpos",
        methods=(WeightAveraging(epochs=1.0),),
        settings=(setting,),
        seeds=(0,),
        targets=("de",),
        data=str(sentences),
    )
    trainer = build_trainer(plan(study)[0], cache)
    recorder = Recorder()
    trainer.add_callback(recorder)
    trainer.train()
    assert len(recorder.after) == 3
    close({name: p.detach() for name, p in trainer.model.named_parameters()}, mean_of(recorder.after), rtol=1e-5, atol=1e-7)


def test_the_training_is_as_without_averaging(trial: Callable[..., TrialConfig], fit: Any) -> None:
    vanilla, one, two = (fit(trial(method, setting=STEPS)) for method in (Vanilla(), *(WeightAveraging(steps=k) for k in (1, 2))))
    assert same(whole(one.model), whole(vanilla.model))
    assert not same(whole(two.model), whole(vanilla.model))
    assert vanilla.history == one.history == two.history


@pytest.mark.parametrize(
    ("method", "change", "message"),
    [
        (WeightAveraging(steps=2), {"checkpoint": "best"}, "checkpoint: 'best' is not allowed; give 'last' with weight_averaging"),
        (WeightAveraging(steps=4), {}, r"weight_averaging: steps: 4 is not allowed; give at most the setting's 3"),
        (
            WeightAveraging(epochs=2),
            {"settings": (replace(EPOCHS, epochs=1.5),)},
            r"weight_averaging: epochs: 2\.0 is not allowed; give at most the setting's 1\.5",
        ),
        (Composed(methods=(L2(strength=1.0), WeightAveraging(steps=4))), {}, "weight_averaging: steps: 4 is not allowed"),
    ],
)
def test_averages_that_cannot_be_taken_are_refused(study: Study, method: Method, change: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        replace(study, methods=(method,), **change)


def test_steps_or_epochs_are_given() -> None:
    for options in ({}, {"steps": 2, "epochs": 1.0}):
        with pytest.raises(UserError, match=r"steps and epochs: .* give exactly one of them"):
            method_from({"name": "weight_averaging", **options})


# Composition

SAMPLES: dict[str, Method] = {
    method.name: method
    for method in (
        Vanilla(),
        L2(strength=0.3),
        Ewc(strength=30.0, examples=2),
        Bitfit(),
        SoftPrompt(),
        Adapter(),
        Lora(),
        DecoupledL2(strength=0.3),
        Mixout(),
        LayerFreeze(layers=2),
        LayerwiseDecay(),
        WeightAveraging(steps=2),
    )
}
NOT_WITH = {
    "vanilla": set(SAMPLES),
    "l2": {"decoupled_l2", "soft_prompt", "adapter", "lora"},
    "ewc": {"soft_prompt", "adapter", "lora"},
    "decoupled_l2": {"l2", "soft_prompt", "adapter", "lora"},
    "mixout": {"bitfit", "soft_prompt", "adapter", "lora"},
    "bitfit": {"soft_prompt", "adapter", "lora", "mixout"},
    "soft_prompt": {"layer_freeze", "layerwise_decay", "adapter", "lora"},
    "adapter": {"layer_freeze", "lora"},
    "lora": {"layer_freeze"},
}
"""What makes no sense together, either way round: what says by itself which weights are trained with another such; a pull with what
freezes what it would pull; the same pull twice; vanilla with anything."""


PAIRS = [(one, other, other not in NOT_WITH.get(one, ()) and one not in NOT_WITH.get(other, ())) for one, other in combinations(SAMPLES, 2)]


def test_there_is_a_sample_of_every_method() -> None:
    assert SAMPLES.keys() | {"composed"} == METHODS.keys()


@pytest.mark.parametrize(("one", "other", "allowed"), PAIRS)
def test_pairs_that_make_no_sense_are_refused_with_a_reason(one: str, other: str, allowed: bool) -> None:
    for first, second in ((one, other), (other, one)):
        if allowed:
            made = Composed(methods=(SAMPLES[first], SAMPLES[second]))
            assert {part.name for part in made.methods} == {one, other}
        else:
            with pytest.raises(UserError) as refused:
                Composed(methods=(SAMPLES[first], SAMPLES[second]))
            assert SAMPLES[one].label in str(refused.value)
            assert SAMPLES[other].label in str(refused.value)
            assert re.search(r"do not go together: \w.{15,}", str(refused.value))


def test_how_many_pairs_there_are() -> None:
    assert sum(allowed for *_, allowed in PAIRS) == 31


@pytest.mark.parametrize("name", SAMPLES)
def test_a_method_is_not_composed_with_itself(name: str) -> None:
    with pytest.raises(UserError, match="each method can be there once"):
        Composed(methods=(SAMPLES[name], SAMPLES[name]))


def test_methods_are_composed_in_a_study_file(study: Study) -> None:
    l2, decay, average = {"name": "l2", "strength": 0.1}, "layerwise_decay", {"name": "weight_averaging", "steps": 2}
    made = method_from([l2, decay, average])
    assert made == Composed(methods=(L2(strength=0.1), LayerwiseDecay(), WeightAveraging(steps=2)))
    for spec in (
        [average, decay, l2],
        {"name": "composed", "methods": [decay, l2, average]},
        [decay, [l2, average]],
        [
            made.methods,
        ],
    ):
        assert method_from(spec) == made
    assert method_from(json.loads(json.dumps(made.to_json()))) == made
    assert made.label == "l2(strength=0.1) + layerwise_decay + weight_averaging(steps=2)"
    read = Study.from_json({**study.to_json(), "methods": ["vanilla", [l2, decay], {"name": "composed", "methods": [l2, average]}]})
    assert [arm.method.label for arm in read.arms] == [
        "vanilla",
        "l2(strength=0.1) + layerwise_decay",
        "l2(strength=0.1) + weight_averaging(steps=2)",
    ]
    assert Study.from_json(json.loads(json.dumps(read.to_json()))) == read
    for config in plan(read):
        again = TrialConfig.from_json(json.loads(json.dumps(config.to_json())))
        assert (again.id, again.method) == (config.id, config.method)


def test_their_order_does_not_name_the_trial(trial: Callable[..., TrialConfig]) -> None:
    parts = (L2(strength=0.1), LayerwiseDecay(decay=0.8), LayerFreeze(layers=1))
    ids = {trial(Composed(methods=order)).id for order in (parts, parts[::-1], (Composed(methods=parts[1:]), parts[0]))}
    assert len(ids) == 1
    others = {trial(method).id for method in (*parts, Composed(methods=parts[:2]), Composed(methods=(L2(strength=0.2), *parts[1:])))}
    assert len(others | ids) == 6


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (["l2"], "l2: the field 'strength' is missing"),
        (["bitfit"], "at least two methods"),
        ([], "at least two methods"),
        ({"name": "composed"}, "composed: the field 'methods' is missing"),
        ({"name": "composed", "methods": "bitfit"}, "methods: 'bitfit' is not allowed; give a list"),
        (["bitfit", "layerwise_decy"], "Did you mean 'layerwise_decay'"),
        ([3, "bitfit"], "3 is not allowed; give a method's name"),
    ],
)
def test_compositions_that_are_none(spec: object, message: str) -> None:
    with pytest.raises(UserError, match=message):
        method_from(spec)


def test_a_pull_and_a_decay_by_layer_both_act(trial: Callable[..., TrialConfig], cache: Path) -> None:
    """One step of gradient descent from the same place: each layer moves by its rate times the task's gradient and the pull."""
    setting = replace(STEPS, max_steps=1, learning_rate=0.05, max_grad_norm=0.0)
    free = recorded(trial(Vanilla(), setting=setting), cache, sgd=True)
    both = recorded(trial(Composed(methods=(LayerwiseDecay(decay=0.5), L2(strength=2.0))), setting=setting), cache, sgd=True)
    kept = build_trainer(trial(Vanilla(), setting=setting), cache).model.get_input_embeddings().kept
    start = free.before[0]
    assert same(both.before[0], start)
    expected = {}
    for name, theta in start.items():
        star = theta if name in HEAD else anchor()[name][kept] if name == WORDS else anchor()[name]
        expected[name] = theta - 0.05 * 0.5 ** (5 - depth(name)) * (free.gradients[0][name] + 2.0 * (theta - star))
    close(both.after[0], expected, rtol=1e-5, atol=1e-7)


def test_rates_and_warnings_of_the_parts_are_those_of_the_whole() -> None:
    shared = models.pretrained(encoders.find("embedded"), "udpos")
    alone = LayerwiseDecay(decay=0.5).rates(shared.model, shared)
    assert Composed(methods=(LayerwiseDecay(decay=0.5), L2(strength=1.0))).rates(shared.model, shared) == alone
    both = Composed(methods=(L2(strength=1e4), LayerwiseDecay()))
    assert both.warnings(SHORT) == L2(strength=1e4).warnings(SHORT) != []


def test_ewc_in_a_composition_is_split_by_language(study: Study) -> None:
    method = Composed(methods=(Ewc(strength=3.0, examples=2), LayerwiseDecay()))
    trials = plan(replace(study, methods=(method,)))
    assert [config.targets for config in trials] == [("de",), ("hi",)]
    assert [set(config.texts) for config in trials] == [{"de"}, {"hi"}]
    assert len({config.id for config in trials}) == 2
    assert {config.method.arm.label for config in trials} == {method.arm.label} == {"ewc(strength=3, examples=2) + layerwise_decay"}
    assert {config.method.arm for config in trials} == {method}
    assert [config.method.label for config in trials] == [
        f"ewc(strength=3, languages={language}, examples=2) + layerwise_decay" for language in ("de", "hi")
    ]


def test_each_penalty_gets_its_own_diagonals(trial: Callable[..., TrialConfig], cache: Path) -> None:
    """Eq. 1 and 2 at once, and a decay beside them."""
    ewc = Ewc(strength=30.0, languages=("de",), plus=("en",), examples=4)
    config = trial(Composed(methods=(L2(strength=0.3), ewc, LayerFreeze(layers=3))))
    trainer = build_trainer(config, cache)
    assert trainer.decay is None
    f = {language: by_example(mlm(), taken(language, 4), "empirical") for language in ("de", "en")}
    names = [name for name, p in trainer.model.base_model.named_parameters() if p.requires_grad]
    assert {depth(f"bert.{name}") for name in names} == {4}
    for name, weight in zip(names, trainer.penalty.weights, strict=True):
        value = 0.3 + 30.0 * (f["de"][name] + f["en"][name])
        torch.testing.assert_close(weight, value, rtol=1e-3, atol=1e-6)
    beside = build_trainer(trial(Composed(methods=(DecoupledL2(strength=0.3), replace(ewc, plus=())))), cache)
    assert [float(weight) for weight in beside.decay.weights] == pytest.approx([0.3] * len(beside.decay.weights))
    name = "encoder.layer.3.output.dense.weight"
    place = [name for name, p in beside.model.base_model.named_parameters() if p.requires_grad].index(name)
    torch.testing.assert_close(beside.penalty.weights[place], 30.0 * f["de"][name], rtol=1e-3, atol=1e-6)


# ewc's variants

ORIGIN = Origin("udpos", "embedded")


def mlm() -> PreTrainedModel:
    return models.masked_language_model(encoders.find("embedded"))


def taken(*args: Any) -> list[Window]:
    """The windows of some languages, the number of windows last."""
    *languages, count = args
    return windows(encoders.find("embedded"), Estimate(languages=tuple(languages), examples=count), ORIGIN)


def same_diagonal(ours: Any, expected: dict[str, Tensor]) -> None:
    largest = max(float(value.max()) for value in expected.values())
    assert set(ours) == set(expected)
    for name, value in expected.items():
        torch.testing.assert_close(ours[name], value, rtol=1e-3, atol=1e-9 * largest, msg=lambda text, name=name: f"{name}: {text}")


def test_plus_adds_a_penalty_of_the_same_strength(study: Study, cache: Path) -> None:
    trials = plan(replace(study, methods=(Ewc(strength=7.0, plus=("en",), examples=3),)))
    assert [(config.targets, set(config.texts)) for config in trials] == [(("de",), {"de", "en"}), (("hi",), {"hi", "en"})]
    method = trials[0].method
    terms = method.terms([fisher.stored(request, cache) for request in fisher.requests(trials[0])])
    assert [term.strength for term in terms] == [7.0, 7.0]
    assert not any(term.decoupled for term in terms)
    for term, language in zip(terms, ("de", "en"), strict=True):
        same_diagonal(term.importance, by_example(mlm(), taken(language, 3), "empirical"))


def test_mix_takes_the_mean_of_the_languages_diagonals(study: Study, cache: Path) -> None:
    trials = plan(replace(study, methods=(Ewc(strength=7.0, mix=("en",), examples=6),)))
    assert [(config.targets, set(config.texts)) for config in trials] == [(("de",), {"de", "en"}), (("hi",), {"hi", "en"})]
    terms = trials[0].method.terms([fisher.stored(request, cache) for request in fisher.requests(trials[0])])
    assert [term.strength for term in terms] == [7.0]
    mixed = taken("de", "en", 6)
    halves = {"de": mixed[:3], "en": mixed[3:]}
    for language, half in halves.items():  # the very windows that each language gives by itself
        alone = taken(language, 3)
        for ours, window in zip(half, alone, strict=True):
            read = [w.ids.scatter(0, w.masked, w.observed) for w in (ours, window)]
            assert torch.equal(*read)
    own = {language: by_example(mlm(), half, "empirical") for language, half in halves.items()}
    same_diagonal(terms[0].importance, {name: (own["de"][name] + own["en"][name]) / 2 for name in own["de"]})


def test_variants_are_named_in_tables(study: Study) -> None:
    labels = {
        Ewc(strength=1.0): "ewc(strength=1)",
        Ewc(strength=1.0, plus=("en",)): "ewc(target+en, strength=1)",
        Ewc(strength=1.0, plus=("en", "zh"), examples=5): "ewc(target+en+zh, strength=1, examples=5)",
        Ewc(strength=1.0, mix=("en",)): "ewc(mix target-en, strength=1)",
        Ewc(strength=1.0, mix=("en",), languages=("de",)): "ewc(mix target-en, strength=1, languages=de)",
    }
    assert {method: method.label for method in labels} == labels
    for method in labels:
        assert method_from(json.loads(json.dumps(method.to_json()))) == method
    planned = plan(replace(study, methods=tuple(labels)[:4]))
    assert len({config.id for config in planned}) == len(planned) == 8
    assert len({config.method.arm.label for config in planned}) == 4


def test_variants_that_make_no_sense_are_refused(study: Study) -> None:
    with pytest.raises(UserError, match=r"plus and mix: .* give one of them"):
        Ewc(strength=1.0, plus=("en",), mix=("zh",))
    for name in ("plus", "mix"):
        with pytest.raises(UserError, match=f"{name}: 'de' is not allowed; give languages other than those the models are for"):
            Ewc(strength=1.0, languages=("de",), **{name: ("de",)})
        for method in (Ewc(strength=1.0, **{name: ("hi",)}), Composed(methods=(Ewc(strength=1.0, **{name: ("hi",)}), LayerwiseDecay()))):
            with pytest.raises(UserError, match=f"ewc: {name}: 'hi' is not allowed; give languages other than those the models are for"):
                replace(study, methods=(method,))
        with pytest.raises(UserError, match=f"{name}: 'English' is not allowed"):
            Ewc(strength=1.0, **{name: ("English",)})
        replace(study, methods=(Ewc(strength=1.0, languages=("de",), **{name: ("hi",)}),))  # no model is for hi
    with pytest.raises(UserError, match="ewc: languages: there is no 'zh'"):
        replace(study, methods=(Ewc(strength=1.0, languages=("zh",)),))
    with pytest.raises(UserError, match="examples: 1 is not allowed; give a finite number of at least 2"):
        Ewc(strength=1.0, mix=("en",), examples=1)


# Records

NORM = 2 * WIDTH
EMBEDDINGS = (VOCABULARY + POSITIONS + TYPES) * WIDTH + NORM
LAYER = 4 * (WIDTH**2 + WIDTH) + NORM + (WIDTH * INNER + INNER) + (INNER * WIDTH + WIDTH) + NORM
TOP = LABELS * WIDTH + LABELS
WHOLE = EMBEDDINGS + LAYERS * LAYER + TOP
BOTTLENECKS = LAYERS * 2 * (2 * WIDTH * 64 + 64 + WIDTH)
LOW_RANK = LAYERS * 2 * 8 * (WIDTH + WIDTH)
PROMPTS = 20 * WIDTH
COSTS = {
    "vanilla": (WHOLE, WHOLE),
    "l2": (WHOLE, WHOLE),
    "ewc": (WHOLE, WHOLE),
    "decoupled_l2": (WHOLE, WHOLE),
    "mixout": (WHOLE, WHOLE),
    "layerwise_decay": (WHOLE, WHOLE),
    "weight_averaging": (WHOLE, WHOLE),
    "bitfit": (WHOLE, WIDTH + LAYERS * (4 * WIDTH + WIDTH + INNER + WIDTH + WIDTH) + TOP),
    "soft_prompt": (WHOLE + PROMPTS, PROMPTS + TOP),
    "adapter": (WHOLE + BOTTLENECKS, BOTTLENECKS + (1 + 2 * LAYERS) * NORM + TOP),
    "lora": (WHOLE + LOW_RANK, LOW_RANK + TOP),
    "layer_freeze": (WHOLE, 2 * LAYER + TOP),
}
"""Parameters and those trained."""


@pytest.mark.parametrize("name", SAMPLES)
def test_a_record_says_what_a_method_trains_and_keeps(sentences: Path, cache: Path, name: str) -> None:
    study = Study(name="small", task="udpos", methods=(SAMPLES[name],), settings=(STEPS,), seeds=(0,), targets=("de",), data=str(sentences))
    cost = run_trial(plan(study)[0], cache=cache).record["cost"]
    assert (cost["parameters"], cost["trained_parameters"]) == COSTS[name]
    rows = cost["trained_embeddings"]
    if name in ("bitfit", "soft_prompt", "adapter", "lora", "layer_freeze"):
        assert rows == 0
    else:
        assert 5 < rows < 30  # dogs, bark, digits and what marks a sentence
    copy = 4 * (WHOLE - TOP - (VOCABULARY - rows) * WIDTH) / MiB
    """MiB of the trained weights with a θ*."""
    extra = cost["extra_memory_mib"]
    exact = {
        "vanilla": 0.0,
        "bitfit": 0.0,
        "layer_freeze": 0.0,
        "layerwise_decay": 0.0,
        "soft_prompt": 4 * PROMPTS / MiB,
        "adapter": 4 * BOTTLENECKS / MiB,
        "lora": 4 * LOW_RANK / MiB,
        "weight_averaging": copy + 4 * TOP / MiB,
    }
    if name in exact:
        assert extra == pytest.approx(exact[name])
    elif name == "ewc":
        assert copy <= extra <= 2 * copy
    elif name == "mixout":
        assert 0 <= extra <= copy
    else:
        assert 0 < extra <= copy


# Options and warnings

BAD = [
    *(
        ({"name": name, "strength": value}, "strength", repr(value))
        for name in ("l2", "decoupled_l2", "ewc")
        for value in (-1.0, float("nan"), float("inf"))
    ),
    ({"name": "adapter", "size": 0}, "size", "0"),
    ({"name": "adapter", "size": 1.5}, "size", "1.5"),
    ({"name": "soft_prompt", "tokens": 0}, "tokens", "0"),
    ({"name": "lora", "rank": 0}, "rank", "0"),
    ({"name": "lora", "alpha": 0}, "alpha", "0.0"),
    ({"name": "lora", "alpha": float("inf")}, "alpha", "inf"),
    ({"name": "lora", "dropout": 1}, "dropout", "1.0"),
    ({"name": "lora", "dropout": -0.1}, "dropout", "-0.1"),
    ({"name": "lora", "dropout": float("nan")}, "dropout", "nan"),
    ({"name": "lora", "modules": ["query", "query"]}, "modules", "'query'"),
    ({"name": "mixout", "probability": 1}, "probability", "1.0"),
    ({"name": "mixout", "probability": -0.1}, "probability", "-0.1"),
    ({"name": "mixout", "probability": float("nan")}, "probability", "nan"),
    ({"name": "layerwise_decay", "decay": 0}, "decay", "0.0"),
    ({"name": "layerwise_decay", "decay": 1.01}, "decay", "1.01"),
    ({"name": "layerwise_decay", "decay": float("nan")}, "decay", "nan"),
    ({"name": "layer_freeze", "layers": -1}, "layers", "-1"),
    ({"name": "weight_averaging", "steps": 0}, "steps", "0"),
    ({"name": "weight_averaging", "epochs": 0}, "epochs", "0.0"),
    ({"name": "weight_averaging", "epochs": float("inf")}, "epochs", "inf"),
    ({"name": "ewc", "strength": 1, "examples": 0}, "examples", "0"),
]


@pytest.mark.parametrize(("spec", "field", "shown"), BAD, ids=[f"{spec['name']}-{field}-{shown}" for spec, field, shown in BAD])
def test_bad_options_are_refused_by_name_and_value(spec: dict[str, Any], field: str, shown: str) -> None:
    for where in (spec, ["bitfit", spec]):
        with pytest.raises(UserError, match=rf"^methods: {spec['name']}: {field}: {re.escape(shown)} is not allowed; give "):
            method_from(where)


@pytest.mark.parametrize("kind", [L2, DecoupledL2])
def test_a_pull_that_overshoots_is_warned_of(kind: type[L2 | DecoupledL2]) -> None:
    setting = replace(SHORT, learning_rate=0.25)
    assert kind(strength=7.9).warnings(setting) == []
    for strength in (8.0, 100.0):
        [warning] = kind(strength=strength).warnings(setting)
        assert f"{kind.name}(strength={strength:g}) at learning rate 0.25" in warning
        assert f"is {0.25 * strength:g};" in warning
    for other in (Vanilla(), Ewc(strength=1e9)):
        assert other.warnings(setting) == []


def test_finished_models_have_the_whole_vocabulary_again(trial: Callable[..., TrialConfig], fit: Any) -> None:
    model = fit(trial(Vanilla(), setting=STEPS)).model
    expected = logits(model)
    vocabulary.restore(model)
    assert model.get_input_embeddings().weight.shape == (VOCABULARY, WIDTH)
    assert torch.equal(logits(model), expected)
