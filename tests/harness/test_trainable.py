"""The trials that ``harness.trainable`` makes of Tune's configs. ``tests/end_to_end`` runs them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import harness
from harness.common.errors import UserError
from harness.execution.plan import plan
from harness.methods import L2, Bitfit, Composed, Ewc, OwnMethod, Vanilla
from harness.python_tune import _placed, trial_of
from harness.store.store import Store
from harness.study import Setting, Study, TrialConfig
from tests.helpers.own_method import METHODS, NEIGHBOUR
from tests.helpers.studies import SHORT


def made(config: dict[str, Any], study: Study) -> TrialConfig:
    """The trial of a config, as a worker makes it."""
    return trial_of(config, Study.from_json(study.to_json()), plan(study))


@pytest.mark.parametrize(
    ("config", "method", "setting", "seed"),
    [
        ({"method": "vanilla"}, Vanilla(), {}, 0),
        ({"method": "l2(strength=0.01)", "seed": 3}, L2(strength=0.01), {}, 3),
        ({"method": "l2", "l2.strength": 0.3, "learning_rate": 1e-5}, L2(strength=0.3), {"learning_rate": 1e-5}, 0),
        ({"method": "l2", "epochs": 2}, L2(strength=0.01), {"epochs": 2, "max_steps": None}, 0),
        ({"method": "vanilla", "l2.strength": 0.3, "learning_rate": 1e-5}, Vanilla(), {"learning_rate": 1e-5}, 0),
        (
            {"method": "vanilla", "seed": np.int64(3), "class_weights": {"X": np.int64(0)}, "max_steps": np.int64(2)},
            Vanilla(),
            {"class_weights": {"X": 0}, "max_steps": 2},
            3,
        ),
        (
            {"method": "vanilla", "early_stopping": 3, "hidden_dropout": None, "bias_correction": False},
            Vanilla(),
            {"early_stopping": 3, "bias_correction": False},
            0,
        ),
    ],
)
def test_a_config_is_the_trial_that_the_study_plans(
    config: dict[str, Any], method: Any, setting: dict[str, Any], seed: int, study: Study
) -> None:
    (expected,) = plan(replace(study, methods=(method,), settings=(replace(SHORT, **setting),), seeds=(seed,)))
    found = made(config, study)
    assert found == expected
    assert found.id == expected.id


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"learning_rat": 1}, "config: there is no 'learning_rat'. Did you mean 'learning_rate'"),
        ({"lr": 1}, "config: 'lr' is called 'learning_rate' here"),
        ({"encoder": "x"}, "config"),
        ({}, r"config: the field 'method' is missing; the study has vanilla, l2\(strength=0.01\)"),
        ({"method": "l3"}, "config: method"),
        ({"method": "l2", "l2.strenth": 1}, "config: option of l2.*strength"),
        ({"method": "vanilla", "l2.strenth": 1}, "config: option of l2.*strength"),
        ({"method": "vanilla", "ewc.strength": 1}, "config: the study has no method 'ewc'"),
        ({"method": "vanilla", "learning_rate": -1}, "learning_rate: -1"),
        ({"method": "vanilla", "train_examples": 10**6}, "train_examples: 1000000 is not allowed; give at most 200"),
        ({"method": "vanilla", "seed": -1}, "seeds: -1"),
    ],
)
def test_a_config_with_a_mistake_is_refused(config: dict[str, Any], message: str, study: Study) -> None:
    with pytest.raises(UserError, match=message):
        made(config, study)


def test_a_study_without_one_trial_per_config_is_refused(study: Study, tmp_path: Path) -> None:
    other = replace(study, settings=(SHORT, Setting(learning_rate=1, max_steps=1)))
    with pytest.raises(UserError, match="settings: '2 settings' is not allowed; give one, as Tune's config varies it"):
        harness.trainable(other, store=tmp_path / "store")
    with pytest.raises(UserError, match="has a model for each of 2 target languages"):
        harness.trainable(replace(study, methods=(Ewc(strength=1.0),)), store=tmp_path / "store")
    wrong: dict[str, Any]
    for wrong in (
        {"reports": 0}, {"cpus": "two"}, {"cpus": 0}, {"gpus": "one"}, {"gpus": 2.0}, {"checkpoints": "no"},
        {"keep_weights": 1}, {"replicates": 2}, {"store": 3},
    ):  # fmt: skip
        ((name, value),) = wrong.items()
        with pytest.raises(UserError, match=f"{name}: {value!r} is not allowed; give "):
            harness.trainable(study, **{"store": tmp_path / "store", **wrong})
    with pytest.raises(UserError, match="there is no 'seeds'; give 'seed' in Tune's param_space"):
        harness.trainable(study, store=tmp_path / "store", seeds=[1])
    with pytest.raises(UserError, match="targets of task udpos: there is no 'dee'"):
        harness.trainable(study, store=tmp_path / "store", targets=["dee"])
    assert not (tmp_path / "store").exists()


def test_the_trials_of_an_earlier_tuner_stay_listed(study: Study, tmp_path: Path) -> None:
    import ray

    found = harness.trainable(study, store=tmp_path / "store", cpus=2, gpus=0)
    assert found._resources({"method": "l2"}).required_resources == {"CPU": 2.0}  # type: ignore[attr-defined]
    assert not ray.is_initialized()
    store = Store(tmp_path / "store")
    placed, trials = store.study(study.name)
    assert trials == []
    store.save_study(placed, plan(study))
    harness.trainable(replace(study, methods=(*study.methods, Bitfit())), store=tmp_path / "store", gpus=0)
    assert len(store.study(study.name)[1]) == 2
    store.save_study(placed, [*plan(study), *plan(replace(study, encoder="embedded"))])
    harness.trainable(replace(study, methods=(L2(strength=3.0),)), store=tmp_path / "store", gpus=0)
    assert [(trial.method, trial.encoder) for trial in store.study(study.name)[1]] == [
        (study.methods[1], study.encoder)
    ]
    harness.trainable(replace(study, question="other"), store=tmp_path / "store", gpus=0)
    assert store.study(study.name)[1] == []


def test_an_option_keeps_the_trial_that_the_study_plans(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A method for one language, beside a method in a file that the study names from its working directory."""
    (tmp_path / "mine.py").write_text(METHODS)
    (tmp_path / "wording.py").write_text(NEIGHBOUR)
    monkeypatch.chdir(tmp_path)

    def of(strength: float) -> Study:
        own = OwnMethod(file="mine.py", name="twice")
        return replace(study, methods=(Composed(methods=(Ewc(strength=strength), own)),), targets=("de",))

    placed, bases = _placed(of(1.0), *plan(of(1.0))), plan(of(1.0))
    (expected,) = plan(of(0.5))
    monkeypatch.chdir("/")
    found = trial_of({"ewc.strength": 0.5}, Study.from_json(placed.to_json()), bases)
    assert found == expected
    assert found.id == expected.id


def test_a_fault_in_a_users_method_is_told_at_once(study: Study, tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(METHODS.replace("batch.outputs(model)", "batch.output(model)"))
    (tmp_path / "wording.py").write_text(NEIGHBOUR)
    broken = replace(study, methods=(OwnMethod(file=str(file), name="twice"),))
    with pytest.raises(UserError, match=r"mine\.py:40: loss of the method 'twice' fails: AttributeError: 'Batch'"):
        harness.trainable(broken, store=tmp_path / "store", gpus=0)
    assert not (tmp_path / "store").exists()
