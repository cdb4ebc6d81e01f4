"""A method's own optimizer: compared with the setting's optimizer, resumed, in compositions, and with mistakes."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from harness.checks.first_step import try_first_step
from harness.common.errors import UserError
from harness.data.context import TrialContext
from harness.encoders.trimmed_embedding import TrimmedEmbedding
from harness.methods import L2, Composed, LayerwiseDecay, Method, OwnMethod, Vanilla
from harness.store.store import Store
from harness.study import Setting, Study, TrialConfig
from harness.training.building import build_trainer
from tests.helpers.cut_trials import cut, ended, same
from tests.helpers.studies import SHORT
from tests.helpers.training import trained

CODE = """
from dataclasses import dataclass
from typing import ClassVar

import torch

from harness.methods import Method


@dataclass(frozen=True, kw_only=True)
class Mine(Method):
    name: ClassVar[str] = "mine"

    def optimizer(self, groups, setting):
        return torch.optim.AdamW(groups, betas=(setting.beta1, setting.beta2), eps=setting.epsilon, fused=True)
"""
Make = Callable[..., TrialConfig]


@pytest.fixture
def mine(tmp_path: Path) -> Method:
    (tmp_path / "mine.py").write_text(CODE)
    return OwnMethod(file=str(tmp_path / "mine.py"), name="mine")


def test_an_own_adamw_equals_adamw(mine: Method, trial: Make, tmp_path: Path) -> None:
    """With weight decay, so that neither optimizer's training trims the vocabulary."""
    setting = replace(SHORT, weight_decay=0.1, head_learning_rate=1e-2, beta1=0.8)
    plain, own = (Composed(methods=(LayerwiseDecay(decay=0.5), L2(strength=0.1), *more)) for more in ((), (mine,)))
    (one, scores, _), (other, others, _) = (trained(trial(of, setting=setting), tmp_path) for of in (plain, own))
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert scores == others


def test_the_vocabulary_is_not_trimmed(mine: Method, trial: Make, tmp_path: Path) -> None:
    """An optimizer of unknown rules may move rows without a gradient."""
    for method, trims in ((mine, False), (Vanilla(), True)):
        model = build_trainer(TrialContext.of(trial(method), tmp_path)).model
        assert model is not None
        assert any(isinstance(part, TrimmedEmbedding) for part in model.modules()) is trims


def test_a_cut_training_resumes_to_the_bit(mine: Method, trial: Make, tmp_path: Path) -> None:
    config, store = trial(mine), Store(tmp_path / "interrupted")
    cut(config, store, 1)
    found = ended(config, store)
    assert found[0].cost.resumed_at == (1,)
    assert same(found, ended(config, Store(tmp_path / "whole")))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "return 3",
            "mine.py:14: optimizer of the method 'mine' returns type int; it must return type Optimizer or None",
        ),
        ("return torch.optim.SGD(groups, momentum=-1)", "mine.py:15: optimizer of the method 'mine' fails: ValueError"),
        ("return torch.optim.SGD(groups[0]['params'][:1], lr=1)", "must have exactly the weights that it was given"),
        (
            "return type('Own', (torch.optim.SGD,), {'step': lambda self: self.lost})(groups)",
            "mine.py:15: the optimizer of the method 'mine' fails: AttributeError: 'Own' object",
        ),
    ],
)
def test_a_mistake_is_reported_before_the_first_trial(body: str, message: str, trial: Make, tmp_path: Path) -> None:
    start, end = CODE.index("        return"), CODE.index("fused=True)") + len("fused=True)")
    (tmp_path / "mine.py").write_text(f"{CODE[:start]}        {body}{CODE[end:]}")
    with pytest.raises(UserError, match=message):
        try_first_step([trial(OwnMethod(file=str(tmp_path / "mine.py"), name="mine"))], local=True)


def test_two_optimizers_are_refused(mine: Method, study: Study, tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text(CODE.replace('"mine"', '"other"'))
    with pytest.raises(UserError, match="at most one method with its own optimizer"):
        Composed(methods=(mine, OwnMethod(file=str(tmp_path / "other.py"), name="other")))
    setting = Setting(learning_rate=1, max_steps=1, optimizer="sgd")
    for method in (mine, Composed(methods=(mine, L2(strength=1)))):
        with pytest.raises(
            UserError, match="optimizer: 'sgd' is not allowed; give none: the method 'mine' has its own"
        ):
            replace(study, methods=(method,), settings=(setting,))
