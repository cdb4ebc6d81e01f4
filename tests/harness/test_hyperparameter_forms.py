"""Hyperparameters in every form in which a user writes them: YAML, designs, searches, Python and ``--set``."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness import designs
from harness.cli.overrides import scaled
from harness.common.errors import UserError
from harness.execution.plan import plan
from harness.methods import Vanilla
from harness.search import Search
from harness.setting import LATER, OTHER_NAMES, Setting, setting_labels
from harness.study import Study
from harness.tasks import own_task
from search_spaces import load

BASE = Setting(learning_rate=1e-3, max_steps=20)
GIVEN = {
    "init_seed": 1, "data_seed": 2, "hidden_dropout": 0.2, "attention_dropout": 0.3, "head_dropout": 0.4,
    "optimizer": "adamw", "beta1": 0.8, "beta2": 0.99, "epsilon": 1e-6, "bias_correction": False,
    "head_learning_rate": 1e-2, "label_smoothing": 0.1, "class_weights": "balanced", "batches": "by_length",
    "early_stopping": 3, "gradient_checkpointing": True,
}  # fmt: skip


def test_every_field_is_set_on_the_command_line_and_read_back(study: Study) -> None:
    found, _ = scaled(study, changes=[f"{name}={json.dumps(value)}".replace('"', "") for name, value in GIVEN.items()])
    (setting,) = found.settings
    assert {name: getattr(setting, name) for name in GIVEN} == GIVEN
    assert Study.from_json(json.loads(json.dumps(found.to_json()))) == found
    assert not {*LATER} & {*BASE.to_json()}


def test_a_warmup_is_a_share_in_yaml_designs_searches_and_python() -> None:
    written = {"learning_rate": 1e-3, "max_steps": 20, "warmup_steps": "10%"}
    assert Setting.from_json(written) == replace(BASE, warmup_steps=2)
    found = designs.grid(learning_rate=1e-3, max_steps=[20, 40], warmup_steps=["0%", "10%"])
    assert [one.warmup_steps for one in found] == [0, 2, 0, 4]
    search = Search.from_json(
        {"warmup_steps": {"choice": ["5%", "10%"]}, "optimizer": {"choice": ["sgd", "adamw"]}, "trials": 2}
    )
    assert search.setting(BASE, {"warmup_steps": "5%", "optimizer": "sgd"}) == replace(
        BASE, warmup_steps=1, optimizer="sgd"
    )
    assert search.point(BASE, replace(BASE, warmup_steps=2)) == {"warmup_steps": "10%", "optimizer": "adamw"}
    with pytest.raises(UserError, match="from 0% to 100%"):
        Setting.from_json(written | {"warmup_steps": "110%"})


def test_all_other_names_lead_to_a_field() -> None:
    fields = {*Setting.__dataclass_fields__, "encoder", "precision", "seeds"}
    assert {ours for ours, _ in OTHER_NAMES.values()} <= fields
    assert not {*OTHER_NAMES} & {*Setting.__dataclass_fields__}


def test_another_name_is_answered_on_the_command_line_and_in_python(study: Study, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--set: 'lr' is called 'learning_rate' here"):
        scaled(study, changes=["lr=1"])
    file = tmp_path / "mine.py"
    file.write_text("from harness.study import Setting\nSTUDY = [Setting(num_train_epochs=3)]\n", encoding="utf-8")
    with pytest.raises(UserError, match="--set: 'fp16' is called 'precision' here, a field of the study: fp32, bf16"):
        scaled(study, changes=["fp16=true"])
    with pytest.raises(UserError, match="'num_train_epochs' is called 'epochs' here"):
        load(str(file))


def test_labels_name_dropouts_and_leave_out_seeds() -> None:
    made = [replace(BASE, init_seed=seed, hidden_dropout=share) for seed in (0, 1) for share in (None, 0.3)]
    assert {*setting_labels(made, seeds=False).values()} == {"hidden_dropout=encoder's", "hidden_dropout=0.3"}
    assert len({*setting_labels(made).values()}) == 4


@pytest.mark.parametrize("options", [{"label_smoothing": 0.1}, {"class_weights": "balanced"}])
def test_regression_refuses_what_needs_labels(options: dict[str, object], tmp_path: Path) -> None:
    lines = "\n".join(f"sentence {i},{i}" for i in range(8))
    for split in ("train", "dev", "test"):
        for code in ("en", "de"):
            (tmp_path / f"{split}-{code}.csv").write_text(f"text,score\n{lines}\n", encoding="utf-8")
    numbers = Study(
        name="numbers",
        task=own_task({"kind": "regression", "text": "text", "label": "score"}, "task"),
        data=str(tmp_path / "{split}-{language}.csv"),
        methods=(Vanilla(),),
        settings=(replace(BASE, **options),),  # type: ignore[arg-type]
        seeds=(0,),
        targets=("de",),
    )
    with pytest.raises(UserError, match=f"{next(iter(options))}: .* is not allowed; give none: it needs a cross"):
        plan(numbers)


def test_seeds_written_in_two_ways_are_one_trial(study: Study) -> None:
    settings = tuple(replace(BASE, **{name: 0}) for name in ("init_seed", "data_seed"))
    trials = plan(replace(study, methods=(Vanilla(),), settings=settings, seeds=(0, 1)))
    assert len(trials) == 3  # (0, 0) once, (0, 1) and (1, 0)
