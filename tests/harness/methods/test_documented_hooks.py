"""The examples of the page on methods form one file of a user, and each example trains."""

import re
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch

import search_spaces
from harness.checks.first_step import try_first_step
from harness.data.context import TrialContext
from harness.execution.plan import plan
from harness.fisher import supply
from harness.methods import OwnMethod
from harness.store.store import Store
from harness.training.building import build_trainer
from tests.helpers.fine_tuned import rows_of
from tests.helpers.own_method import STUDY

PAGE = Path(search_spaces.__file__).parents[1] / "harness" / "docs" / "methods.md"
NAMES = ("freeze_by_name", "pull_of_source", "lasso", "focal", "new_top", "sign_descent", "rounded")


@pytest.fixture(scope="module")
def trainers(tmp_path_factory: pytest.TempPathFactory, cut: Path) -> dict[str, Any]:
    """A finished training of each example."""
    folder = tmp_path_factory.mktemp("documented")
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (folder / "mine.py").write_text("\n\n".join(blocks), encoding="utf-8")
    assert tuple(re.findall(r'name: ClassVar\[str\] = "(\w+)"', "".join(blocks))) == NAMES
    (folder / "own.yaml").write_text(STUDY.format(cut=cut).replace("twice", "focal"))
    methods = tuple(OwnMethod(file=str(folder / "mine.py"), name=name) for name in NAMES)
    trials = plan(replace(search_spaces.load(str(folder / "own.yaml")), methods=methods))
    try_first_step(trials, local=True)
    store = Store(folder / "store")
    for request in supply.needed(trials):
        supply.provide(request, store, 1)
    found = {}
    for trial in trials:
        trainer = build_trainer(TrialContext.of(trial, store.cache))
        trainer.start = {name: weights.detach().clone() for name, weights in trainer.model.named_parameters()}
        trainer.train()
        trial.method.finish(trainer.model)
        found[trial.method.name] = trainer
    return found


def test_the_page_s_study_names_the_examples(tmp_path: Path, cut: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    (line,) = re.findall(r"^methods: .*mine\.py.*$", page, re.MULTILINE)
    (tmp_path / "mine.py").write_text("\n\n".join(re.findall(r"```python\n(.*?)```", page, re.DOTALL)))
    (tmp_path / "own.yaml").write_text(re.sub(r"(?m)^methods: .*$", line, STUDY.format(cut=cut)))
    names = [arm.method.label for arm in search_spaces.load(str(tmp_path / "own.yaml")).arms]
    assert names == ["vanilla", "focal", "freeze_by_name(pattern=query)"]


def test_the_example_of_adapt_works(trainers: dict[str, Any]) -> None:
    frozen = {n for n, p in trainers["freeze_by_name"].model.named_parameters() if not p.requires_grad}
    assert frozen == {n for n, _ in trainers["freeze_by_name"].model.named_parameters() if "attention" in n}


def test_the_example_of_terms_works(trainers: dict[str, Any]) -> None:
    assert trainers["pull_of_source"].penalty.largest() > 0
    assert rows_of(trainers["pull_of_source"])[-1]["penalty"] > 0


def test_the_example_of_a_regulariser_works(trainers: dict[str, Any]) -> None:
    """The extra loss is λ Σ |θ − θ*|, whatever the number of labels: 0 at θ*, and positive after a step."""
    first, *later = rows_of(trainers["lasso"])
    assert first["penalty"] == 0
    model = trainers["lasso"].model
    moved = sum(
        float((weights - model.start[name]).detach().abs().sum())
        for name, weights in model.named_parameters()
        if name in model.start
    )
    assert all(0 < row["penalty"] < 2e-4 * moved for row in later)


def test_the_example_of_loss_works(trainers: dict[str, Any]) -> None:
    """Focal loss is below cross entropy, the difference of the two columns."""
    assert all(0 < row["loss"] < row["task_loss"] for row in rows_of(trainers["focal"]))


def test_the_examples_of_rates_and_restarts_work(trainers: dict[str, Any]) -> None:
    trainer, plain = trainers["new_top"], trainers["focal"].start
    anew = {name for name, weights in trainer.start.items() if not torch.equal(weights, plain[name])}
    assert anew == {"bert.encoder.layer.1.output.dense.weight"}
    rates = {group["lr"] for group in trainer.optimizer.param_groups}
    assert len(rates) in (1, 2)  # at the schedule's end both are 0
    assert trainer.rates["bert.encoder.layer.0.output.dense.weight"] == 0.5
    assert "bert.encoder.layer.1.output.dense.weight" not in trainer.rates


def test_the_example_of_optimizer_works(trainers: dict[str, Any]) -> None:
    """Each weight has moved by a sum of ±η or 0 in each of the steps."""
    trainer = trainers["sign_descent"]
    rates = [row["learning_rate"] for row in rows_of(trainer)]
    assert len(rates) == 3
    sums = torch.tensor([*product((-1.0, 0.0, 1.0), repeat=3)]) @ torch.tensor(rates)
    for name, weights in trainer.model.named_parameters():
        moved = (weights.detach() - trainer.start[name]).flatten()[:1000, None]
        assert (moved - sums).abs().min(dim=1).values.max() < 1e-6, name
    moves = [(weights - trainer.start[name]).abs().max() for name, weights in trainer.model.named_parameters()]
    assert float(max(moves).detach()) == pytest.approx(sum(rates), abs=1e-6)


def test_the_examples_of_callbacks_and_finish_work(trainers: dict[str, Any]) -> None:
    model = trainers["rounded"].model
    assert all(torch.equal(weights, weights.bfloat16().float()) for weights in model.parameters())
    assert [type(one).__name__ for one in trainers["rounded"].callback_handler.callbacks].count("Noise") == 1
