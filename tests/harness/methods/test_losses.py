"""R-Drop and SMART against their equations, for every kind of task."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from harness.data.context import TrialContext
from harness.methods import L2, Composed, LayerFreeze, RDrop, Smart, Vanilla
from harness.methods.batch import Batch
from harness.methods.disturbance import projected
from harness.study import TrialConfig
from harness.tasks import KINDS, TASKS
from harness.tasks.base import IGNORED
from harness.training.building import build_trainer
from tests.helpers.fine_tuned import STEPS, plain, recorded, rows_of

REGRESSION, QUESTIONS = KINDS["regression"](text="a", label="b"), TASKS["xquad"]
SETS = KINDS["multi_label"](text="a", label="b", labels=("x", "y", "z"))
KINDS_OF_OUTPUTS: dict[str, tuple[Any, list[str], tuple[int, ...], Tensor]] = {
    "text": (TASKS["xnli"], ["logits"], (3, 3), torch.tensor([0, 2, 1])),
    "token": (TASKS["udpos"], ["logits"], (2, 3, 17), torch.tensor([[IGNORED, 4, 1], [3, IGNORED, 0]])),
    "multi_label": (SETS, ["logits"], (2, 3), torch.tensor([[1, 0, 1], [0, 0, 1]])),
    "regression": (REGRESSION, ["logits"], (3, 1), torch.tensor([0.5, 2.0, 1.0])),
    "questions": (QUESTIONS, ["start_logits", "end_logits"], (2, 5), torch.tensor([[1, 2], [0, 0]])),
}


def drawn(names: list[str], shape: tuple[int, ...], seed: int) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {name: torch.randn(shape, generator=generator, dtype=torch.float64) for name in names}


def divergence_by_loop(kind: str, one: dict[str, Tensor], other: dict[str, Tensor], labels: Tensor) -> float:
    """KL(p‖q) + KL(q‖p), entry by entry."""
    if kind == "regression":
        return sum((float(a) - float(b)) ** 2 for a, b in zip(one["logits"], other["logits"], strict=True))
    if kind == "multi_label":  # each label is a choice of its own, between yes and no
        pairs = zip(one["logits"].flatten().tolist(), other["logits"].flatten().tolist(), strict=True)
        return sum(
            divergence_by_loop("text", *({"logits": torch.tensor([[logit, 0.0]])} for logit in pair), labels[:1, 0])
            for pair in pairs
        )
    total = 0.0
    for name in one:
        rows = list(zip(one[name].flatten(0, -2).tolist(), other[name].flatten(0, -2).tolist(), strict=True))
        if name == "logits":
            rows = [row for row, label in zip(rows, labels.flatten().tolist(), strict=True) if label != IGNORED]
        for first, second in rows:
            p, q = ([math.exp(x) / sum(map(math.exp, logits)) for x in logits] for logits in (first, second))
            total += sum(a * math.log(a / b) + b * math.log(b / a) for a, b in zip(p, q, strict=True))
    return total


@pytest.mark.parametrize("kind", KINDS_OF_OUTPUTS)
def test_the_loss_of_rdrop_follows_its_equation(kind: str) -> None:
    task, names, shape, labels = KINDS_OF_OUTPUTS[kind]
    first, second = drawn(names, shape, 0), drawn(names, shape, 1)
    batch = Batch({}, labels, task, task.loss)
    own = RDrop(strength=0.7).loss(lambda: second, batch, first)  # type: ignore[arg-type]
    expected = (task.loss(first, labels) + task.loss(second, labels)) / 2
    expected = expected + 0.7 / 2 * divergence_by_loop(kind, first, second, labels)
    assert float(task.loss(first, labels) + own) == pytest.approx(float(expected), rel=1e-5)
    assert float(batch.divergence(first, first)) == pytest.approx(0, abs=1e-6)


def test_a_masked_answer_adds_nothing_and_has_a_gradient() -> None:
    one, other = (drawn(["start_logits", "end_logits"], (2, 5), seed) for seed in (0, 1))
    for part in (*one.values(), *other.values()):
        part[:, -1] = -math.inf
        part.requires_grad_()
    short = [{name: part[:, :-1] for name, part in given.items()} for given in (one, other)]
    labels = torch.tensor([[1, 2], [0, 0]])
    found = QUESTIONS.divergence(one, other, labels)
    expected = QUESTIONS.divergence(*short, labels)
    assert found.item() == pytest.approx(expected.item(), rel=1e-6)
    (slope,) = torch.autograd.grad(found, one["start_logits"])
    assert slope.isfinite().all()


@pytest.mark.parametrize("norm", ["inf", "2"])
def test_each_sub_word_is_projected_onto_its_ball(norm: str) -> None:
    torch.manual_seed(0)
    move = torch.randn(2, 3, 4)
    move[0, 0] = 0.001
    found = projected(move, 0.5, norm)
    for row, given in zip(found.flatten(0, 1).tolist(), move.flatten(0, 1).tolist(), strict=True):
        length = max(map(abs, given)) if norm == "inf" else math.hypot(*given)
        if norm == "inf":
            assert row == pytest.approx([max(-0.5, min(0.5, x)) for x in given])
        else:
            assert row == pytest.approx([x * min(1.0, 0.5 / length) for x in given])


@pytest.fixture(scope="module")
def disturbed() -> tuple[Any, Batch]:
    """A model without dropout, and a batch."""
    model = plain().train()
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    torch.manual_seed(3)
    ids = torch.randint(5, 900, (2, 6))
    labels = torch.randint(0, 17, (2, 6))
    task = TASKS["udpos"]
    return model, Batch({"input_ids": ids, "attention_mask": torch.ones_like(ids)}, labels, task, task.loss)


@pytest.mark.parametrize(("norm", "ascents"), [("inf", 1), ("2", 2)])
def test_smart_follows_its_algorithm_on_input_embeddings(disturbed: tuple[Any, Batch], norm: str, ascents: int) -> None:
    model, batch = disturbed
    method = Smart(strength=2.0, radius=0.05, step=0.04, noise=0.02, ascents=ascents, norm=norm)
    clean = batch.outputs(model)
    torch.manual_seed(7)
    ours = method.loss(model, batch, clean)
    name = "bert.encoder.layer.0.output.dense.weight"
    weights = dict(model.named_parameters())[name]
    (slope,) = torch.autograd.grad(ours, weights)

    x = model.get_input_embeddings()(batch.inputs["input_ids"]).detach()
    torch.manual_seed(7)
    move = 0.02 * torch.randn_like(x)

    def symmetric(moved: Tensor) -> Tensor:
        at = model(inputs_embeds=x + moved, attention_mask=batch.inputs["attention_mask"]).logits
        still = model(inputs_embeds=x, attention_mask=batch.inputs["attention_mask"]).logits
        p, q = (part.flatten(0, 1).log_softmax(-1) for part in (at, still))
        kl = nn.functional.kl_div
        return kl(p, q, log_target=True, reduction="sum") + kl(q, p, log_target=True, reduction="sum")

    for _ in range(ascents):
        move.requires_grad_()
        (g,) = torch.autograd.grad(symmetric(move), move)
        with torch.no_grad():
            for i in range(2):
                for j in range(6):
                    length = g[i, j].abs().max() if norm == "inf" else g[i, j].norm()
                    row = move[i, j] + 0.04 * g[i, j] / length
                    row = row.clamp(-0.05, 0.05) if norm == "inf" else row * min(1.0, 0.05 / float(row.norm()))
                    move[i, j] = row
        move = move.detach()
    expected = 2.0 * symmetric(move)
    assert ours.item() == pytest.approx(expected.item(), rel=1e-3)
    assert float(expected) > 0
    torch.testing.assert_close(slope, torch.autograd.grad(expected, weights)[0], rtol=1e-2, atol=1e-5)


def test_the_own_loss_is_divided_like_the_task_loss_under_any_accumulation(
    trial: Callable[..., TrialConfig], cache: Path
) -> None:
    """One step of gradient descent without dropout: the two passes agree, so R-Drop equals vanilla."""
    found = {}
    for count in (1, 2):
        for method in (Vanilla(), RDrop(), Composed(methods=(Smart(strength=0.0), L2(strength=0.0)))):
            setting = replace(STEPS, max_steps=1, accumulation=count, max_grad_norm=0.0)
            trainer = build_trainer(TrialContext.of(trial(method, setting=setting), cache))
            for module in trainer.model.modules():
                if isinstance(module, nn.Dropout):
                    module.p = 0.0
            trainer.train()
            found[count, method.name] = rows_of(trainer)[0]["task_loss"]
            assert rows_of(trainer)[0]["penalty"] == pytest.approx(0, abs=1e-6)
    assert list(found.values()) == pytest.approx([found[1, "vanilla"]] * 6, rel=1e-5)


def test_the_own_loss_is_divided_by_the_weight_of_the_labels(trial: Callable[..., TrialConfig], cache: Path) -> None:
    found = []
    for weight in (1.0, 1e-4):  # the total weight of a batch may be less than 1
        trainer = build_trainer(TrialContext.of(trial(RDrop(), setting=replace(STEPS, max_steps=1)), cache))
        trainer.weights = torch.full((17,), weight)
        trainer.train()
        found.append(weight * rows_of(trainer)[0]["penalty"])
    assert found[0] == pytest.approx(found[1], rel=1e-3)


def test_both_losses_move_the_weights_and_are_in_the_log(trial: Callable[..., TrialConfig], cache: Path) -> None:
    config = trial(
        Composed(methods=(RDrop(), Smart(radius=0.1, noise=0.1, step=0.1), LayerFreeze(layers=1))), setting=STEPS
    )
    trainer = build_trainer(TrialContext.of(config, cache))
    trainer.train()
    rows = rows_of(trainer)
    assert all(row["penalty"] != 0 for row in rows)
    assert all(row["loss"] == pytest.approx(row["task_loss"] + row["penalty"]) for row in rows)
    again = recorded(config, cache)
    assert len(again.after) == 3
