"""The injected gradient against autograd on Eq. 1 and 2, through the real trainer."""

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from harness.data.context import TrialContext
from harness.encoders import loading, pinning
from harness.encoders.trimmed_embedding import TrimmedEmbedding
from harness.fisher import diagonal_files, supply
from harness.methods import L2, Ewc, Method, Vanilla, penalty
from harness.methods.penalty import Penalty, Term
from harness.study import TrialConfig
from harness.training.building import build_trainer
from harness.training.trainer import PenaltyTrainer
from tests.helpers.studies import SHORT
from tests.helpers.training import Recorder

METHODS = {"vanilla": Vanilla(), "l2": L2(strength=0.3), "ewc": Ewc(strength=30.0, languages=("de",), examples=4)}
EMBEDDINGS = "bert.embeddings.word_embeddings.weight"


def one_step(config: TrialConfig, cache: Path) -> tuple[PenaltyTrainer, Recorder, list[dict[str, torch.Tensor]]]:
    """One optimizer step without dropout, from weights away from θ*, with its micro-batches."""
    trainer = build_trainer(TrialContext.of(config, cache))
    for module in trainer.model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in trainer.model.parameters():
            parameter.add_(0.02 * torch.randn(parameter.shape, generator=generator))
    seen: list[dict[str, torch.Tensor]] = []
    step = trainer.training_step
    trainer.training_step = lambda model, inputs, items=None: (seen.append(dict(inputs)), step(model, inputs, items))[1]  # type: ignore[method-assign]
    recorder = Recorder()
    trainer.add_callback(recorder)
    trainer.train()
    return trainer, recorder, seen


def reference(
    config: TrialConfig, weights: dict[str, torch.Tensor], batches: list[dict[str, torch.Tensor]], term: Term | None
) -> tuple[dict[str, torch.Tensor], float, float]:
    """Gradient, task loss and penalty of the total loss by autograd, with the penalty of Eq. 1 and 2 and the whole
    vocabulary."""
    model = loading.fine_tunable(pinning.find(config.encoder), config.task, config.seed).eval()
    model.load_state_dict(weights)
    logits = [
        (model(input_ids=b["input_ids"], attention_mask=b["attention_mask"]).logits, b["labels"]) for b in batches
    ]
    chosen = [
        -out.log_softmax(-1).gather(-1, labels.clamp(min=0).unsqueeze(-1)).squeeze(-1)[labels != -100]
        for out, labels in logits
    ]
    task_loss = torch.cat(chosen).mean()
    penalty = torch.zeros(())
    if term is not None:
        anchor = loading.pretrained(pinning.find(config.encoder), config.task).anchor
        for name, parameter in model.base_model.named_parameters():
            f = torch.ones_like(parameter) if term.importance is None else term.importance[name]
            penalty = penalty + term.strength / 2 * (f * (parameter - anchor[name]) ** 2).sum()
    (task_loss + penalty).backward()
    if config.setting.max_grad_norm:
        torch.nn.utils.clip_grad_norm_(model.parameters(), config.setting.max_grad_norm)
    return (
        {name: p.grad for name, p in model.named_parameters() if p.grad is not None},
        task_loss.item(),
        penalty.item(),
    )


@pytest.mark.parametrize("clip", [0.0, 0.5])
@pytest.mark.parametrize("accumulation", [1, 4])
@pytest.mark.parametrize("method", list(METHODS.values()), ids=list(METHODS))
def test_the_gradient_is_the_gradient_of_the_total_loss(
    trial: Callable[..., TrialConfig], tmp_path: Path, method: Method, accumulation: int, clip: float
) -> None:
    setting = replace(SHORT, max_steps=1, warmup_steps=0, batch_size=8, accumulation=accumulation, max_grad_norm=clip)
    config = trial(method, setting=setting)
    trainer, recorder, batches = one_step(config, tmp_path)
    embedding = trainer.model.get_input_embeddings()
    assert isinstance(embedding, TrimmedEmbedding)
    whole = recorder.weights | {EMBEDDINGS: embedding.restored().weight.clone()}
    whole[EMBEDDINGS][embedding.kept] = recorder.weights[EMBEDDINGS]
    assert len(batches) == accumulation
    terms = method.terms([diagonal_files.stored(request, tmp_path) for request in supply.needed([config])])
    expected, task_loss, penalty = reference(config, whole, batches, terms[0] if terms else None)
    cut = torch.ones(len(whole[EMBEDDINGS]), dtype=torch.bool)
    cut[embedding.kept] = False
    assert cut.any()
    assert not expected[EMBEDDINGS][cut].any()
    expected[EMBEDDINGS] = expected[EMBEDDINGS][embedding.kept]
    for name, gradient in recorder.gradients.items():
        torch.testing.assert_close(
            gradient, expected[name], rtol=2e-4, atol=2e-6, msg=lambda text, name=name: f"{name}: {text}"
        )
    logged = next(row for row in trainer.state.log_history if "task_loss" in row)
    assert logged["task_loss"] == pytest.approx(task_loss, rel=1e-4)
    assert logged["penalty"] == pytest.approx(penalty, rel=1e-4)
    assert logged["loss"] == pytest.approx(task_loss + penalty, rel=1e-4)


def test_the_head_is_never_pulled(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    setting = replace(SHORT, max_steps=1, warmup_steps=0, max_grad_norm=0.0)
    steps = {
        name: one_step(trial(method, setting=setting), tmp_path)[1] for name, method in METHODS.items() if name != "ewc"
    }
    vanilla, l2 = steps["vanilla"].gradients, steps["l2"].gradients
    head = [name for name in vanilla if not name.startswith("bert.")]
    assert head == ["classifier.weight", "classifier.bias"]
    for name in vanilla:
        assert torch.equal(vanilla[name], l2[name]) == (name in head), name


def test_several_terms_add_up() -> None:
    torch.manual_seed(0)
    body = torch.nn.Linear(3, 2)
    anchor = {name: torch.zeros_like(p) for name, p in body.named_parameters()}
    fisher = {name: torch.rand_like(p) for name, p in body.named_parameters()}
    for parameter in body.parameters():
        parameter.grad = torch.ones_like(parameter)
    value = Penalty(body, anchor, [Term(0.5), Term(2.0, fisher)]).add_gradient_()
    expected = sum((0.25 * p**2 + fisher[n] * p**2).sum() for n, p in body.named_parameters())
    assert value.item() == pytest.approx(expected.item())
    for name, parameter in body.named_parameters():
        torch.testing.assert_close(parameter.grad, 1 + (0.5 * parameter + 2 * fisher[name] * parameter).detach())


@pytest.mark.parametrize("at_once", [1, 2**24])
def test_a_gpu_pulls_many_parameters_at_once_with_the_same_result(
    monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(penalty, "AT_ONCE", at_once)
    torch.manual_seed(0)
    body = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Linear(2, 4), torch.nn.Linear(4, 1))
    anchor = {name: torch.randn_like(p) for name, p in body.named_parameters()}
    fisher = {name: torch.rand_like(p) for name, p in body.named_parameters() if name.startswith("0")}
    for terms in ([Term(0.5)], [Term(2.0, fisher)], [Term(0.5), Term(2.0, fisher)]):
        found = {}
        for grouped in (False, True):
            moved = copy.deepcopy(body)
            parameters = list(moved.parameters())
            for parameter in parameters[1:]:  # the first takes no part in the step
                parameter.grad = torch.ones_like(parameter)
            pull = Penalty(moved, anchor, terms, grouped)
            values = [pull.add_gradient_(scale=4.0)]
            rates = {parameter: 0.5 + i for i, parameter in enumerate(parameters)}
            values.append(pull.decay_(rates, share=torch.tensor([0.5])))
            found[grouped] = (values, [p.grad for p in parameters], [p.detach() for p in parameters])
        for one, many in zip(found[False], found[True], strict=True):
            torch.testing.assert_close(many, one)
        assert found[True][1][0] is None
