"""Studies scaled on the command line: changes and notes."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import search_spaces
from harness.cli.overrides import scaled
from harness.common.errors import UserError
from harness.execution.plan import plan
from harness.execution.warmups import endless
from harness.methods import L2, Composed, DecoupledL2, Ewc, LayerFreeze, Vanilla, WeightAveraging
from harness.setting import Setting
from harness.study import Arm, Study
from harness.study.own_data import own_data
from harness.tasks import task_named
from harness.tasks.own.text import OwnText

WARM = tuple(
    Setting(learning_rate=rate, warmup_steps=warmup, epochs=3) for rate, warmup in ((1e-3, 10), (2e-3, 10), (2e-3, 300))
)
LONGER = tuple(replace(setting, epochs=5) for setting in WARM[:2])
STUDY = Study(
    name="of/mine",
    question="?",
    task="udpos",
    methods=(
        Vanilla(),
        Arm(method=L2(strength=0.1), settings=LONGER, seeds=(7,)),
        Ewc(strength=1.0, languages=("de", "hi")),
        Composed(methods=(L2(strength=0.1), LayerFreeze(layers=2))),
    ),
    settings=WARM,
    seeds=(0, 1, 2),
    targets=("de", "hi", "fr"),
)


def values(study: Study, field: str) -> list[list[Any]]:
    """A field's values, by method and setting."""
    return [[getattr(setting, field) for setting in arm.settings] for arm in study.arms]


def test_nothing_asked_changes_nothing() -> None:
    assert scaled(STUDY) == (STUDY, [])
    for name in search_spaces.names():
        assert scaled(search_spaces.load(name)) == (search_spaces.load(name), [])


def test_fields_of_the_study_and_of_all_settings() -> None:
    study, notes = scaled(
        STUDY,
        changes=["encoder=/some/where", "precision=bf16", "trim_vocabulary=no", "batch_size=8", "schedule=cosine"],
    )
    assert (study.name, study.encoder, study.precision, study.trim_vocabulary) == (
        "of/mine",
        "/some/where",
        "bf16",
        False,
    )
    assert values(study, "batch_size") == [[8] * 3, [8] * 2, [8] * 3, [8] * 3]
    assert values(study, "schedule") == [["cosine"] * 3, ["cosine"] * 2, ["cosine"] * 3, ["cosine"] * 3]
    assert values(study, "learning_rate") == values(STUDY, "learning_rate")
    assert [arm.seeds for arm in study.arms] == [arm.seeds for arm in STUDY.arms]
    assert notes == []


@pytest.mark.parametrize(("field", "other"), [("max_steps", "epochs"), ("epochs", "max_steps")])
def test_steps_and_epochs_take_the_place_of_one_another(field: str, other: str) -> None:
    study, _ = scaled(STUDY, changes=[f"{field}=400"])
    back, _ = scaled(study, changes=[f"{other}=500"])
    for made, given_field, gone in ((study, field, other), (back, other, field)):
        assert {value for row in values(made, gone) for value in row} == {None}
        assert {value for row in values(made, given_field) for value in row} == {400 if made is study else 500}


def test_numbers_of_a_setting_are_multiplied() -> None:
    study, _ = scaled(STUDY, changes=["learning_rate=3x", "warmup_steps=0.5x", "epochs=0.1x"])
    assert values(study, "learning_rate")[:2] == [[0.003, 0.006, 0.006], [0.003, 0.006]]
    assert values(study, "warmup_steps")[:2] == [[5, 5, 150], [5, 5]]
    assert values(study, "epochs")[:2] == [[0.3] * 3, [0.5] * 2]  # 0.1 * 3 is 0.30000000000000004


def test_another_task_is_asked_the_same() -> None:
    study, notes = scaled(search_spaces.load("paper/lambda-xnli"), changes=["task=udpos"], languages=["de", "ja"])
    assert (study.task, study.targets, notes) == ("udpos", ("de", "ja"), [])
    assert study.question.endswith("with the strength of the pull? (asked of udpos)")
    with pytest.raises(UserError, match="targets of task udpos: there is no 'sw'"):
        scaled(search_spaces.load("paper/lambda-xnli"), changes=["task=udpos"])[0].check_languages()


def test_settings_that_become_the_same_are_merged_and_told_of() -> None:
    study, notes = scaled(STUDY, changes=["learning_rate=1e-3"])
    assert values(study, "warmup_steps") == [[10, 300], [10], [10, 300], [10, 300]]
    assert notes == [
        "l2(strength=0.1): 2 settings became 1, as they differed only in the changed fields",
        "3 settings became 2, as they differed only in the changed fields",
    ]
    own = replace(STUDY, methods=(STUDY.methods[1],))  # nothing runs at the study's settings
    assert scaled(own, changes=["learning_rate=1e-3"])[1] == notes[:1]


def test_a_methods_option_is_set_wherever_it_is() -> None:
    study, notes = scaled(STUDY, changes=["l2.strength=1e-2", "ewc.examples=50", "ewc.plus=[en]"])
    labels = [arm.method.label for arm in study.arms]
    assert labels[:2] == ["vanilla", "l2(strength=0.01)"]
    assert "layer_freeze(layers=2)" in labels[3]
    assert "l2(strength=0.01)" in labels[3]
    assert study.arms[2].method == Ewc(strength=1.0, languages=("de", "hi"), examples=50, plus=("en",))
    assert study.arms[1].seeds == (7,)
    assert notes == []


def test_options_that_exclude_one_another_are_changed_together() -> None:
    study = replace(STUDY, methods=(WeightAveraging(epochs=2),))
    made, _ = scaled(study, changes=["max_steps=10", "weight_averaging.steps=5", "weight_averaging.epochs=null"])
    assert made.arms[0].method == WeightAveraging(steps=5)


def test_methods_that_become_the_same_are_merged_and_told_of() -> None:
    study, notes = scaled(search_spaces.load("paper/lambda-xnli"), changes=["l2.strength=0.5"])
    assert [arm.method.label for arm in study.arms] == ["vanilla", "l2(strength=0.5)"]
    assert notes == [
        "5 methods became one, l2(strength=0.5): l2(strength=0.0001), l2(strength=0.001), l2(strength=0.01), "
        "l2(strength=0.1), l2(strength=1)"
    ]
    apart = (Arm(method=L2(strength=0.1), seeds=(0,)), Arm(method=L2(strength=0.2), seeds=(1,)))
    with pytest.raises(
        UserError, match=r"methods: 'l2\(strength=0.3\)' is not allowed; give each method with the same options once"
    ):
        scaled(replace(STUDY, methods=apart), changes=["l2.strength=0.3"])


def test_languages_and_the_methods_that_are_for_some() -> None:
    study, notes = scaled(STUDY, languages=["hi", "ja"])  # ja is a language of the task, but not of the study
    assert study.targets == ("hi", "ja")
    assert study.arms[2].method == Ewc(strength=1.0, languages=("hi",))
    assert notes == []
    study, notes = scaled(STUDY, languages=["fr"])
    assert [arm.method.name for arm in study.arms] == ["vanilla", "l2", "composed"]
    assert notes == ["ewc(strength=1) is left out: its models are for other languages"]
    within = Composed(methods=(Ewc(strength=1.0, languages=("de", "hi")), LayerFreeze(layers=2)))
    study, _ = scaled(replace(STUDY, methods=(Vanilla(), within)), languages=["de"])
    assert study.arms[1].method == Composed(methods=(Ewc(strength=1.0, languages=("de",)), LayerFreeze(layers=2)))
    assert len(scaled(replace(STUDY, methods=(Vanilla(), within)), languages=["fr"])[0].arms) == 1
    everywhere, _ = scaled(replace(STUDY, methods=(Ewc(strength=1.0),)), languages=["fr", "de"])
    assert [languages for _, languages, *_ in everywhere.runs()][:6] == [("fr",), ("de",)] * 3
    assert scaled(STUDY, languages=["paper"])[0].targets == task_named("udpos").selection("paper")
    other = scaled(STUDY, changes=["source=hi"], languages=["all"])[0]
    assert set(other.targets) == set(task_named("udpos").languages) - {"hi"}


@pytest.mark.parametrize("all_languages", ["all", ("all",), ["all"]])
def test_all_languages_in_every_form(all_languages: Sequence[str]) -> None:
    """From Python, the languages may be a text, a tuple or a list."""
    learned, tested = {"en": "a.csv", "de": "b.csv"}, {"en": "c.csv", "de": "d.csv", "hi": "e.csv"}
    parts = {"train": learned, "dev": learned, "test": tested}
    own = replace(
        STUDY, task=OwnText(text=("text",)), data=own_data(parts, "data"), methods=(Vanilla(),), targets=("de",)
    )
    assert scaled(own, languages=all_languages)[0].targets == ("de", "hi")
    assert scaled(own, changes=["source=de"], languages=all_languages)[0].targets == ("en", "hi")
    targets = scaled(STUDY, languages=all_languages)[0].targets
    assert set(targets) == set(task_named("udpos").languages) - {"en"}


def test_a_selection_of_languages_leaves_out_every_source() -> None:
    targets = scaled(STUDY, changes=["source=en+de"], languages=["all"])[0].targets
    assert set(targets) == set(task_named("udpos").languages) - {"en", "de"}


def test_seeds_are_those_of_every_method() -> None:
    study, _ = scaled(STUDY, seeds=["3", "5"])
    assert [arm.seeds for arm in study.arms] == [(3, 5)] * 4


def test_a_limit_of_the_training_data() -> None:
    study, _ = scaled(STUDY, limit_train="64", changes=["label_noise=0.25"])
    assert values(study, "train_examples") == [[64] * 3, [64] * 2, [64] * 3, [64] * 3]
    assert values(study, "label_noise") == [[0.25] * 3, [0.25] * 2, [0.25] * 3, [0.25] * 3]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (["max_steps=300"], "a warmup of 300 steps does not end in 300: the learning rate stays below its value"),
        (["max_steps=301"], None),
        (["max_steps=5"], "a warmup of 10 or 300 steps does not end in 5"),
        (["train_examples=100"], "a warmup of 300 steps does not end in 12"),  # 4 batches of 32, three times
        (["train_examples=100", "epochs=0.5"], "a warmup of 10 or 300 steps does not end in 2"),
        (["epochs=0.001"], None),  # the amount of data is not known yet
        (["max_steps=5", "warmup_steps=0"], None),
        (["encoder=/some/where"], None),
    ],
)
def test_a_warmup_that_does_not_end_is_told_of(changes: list[str], told: str | None) -> None:
    (arm,) = scaled(replace(STUDY, methods=(Vanilla(),)), changes=changes)[0].arms
    found = endless(arm.settings, None)
    assert len(found) == (told is not None)
    if told is not None:
        assert found[0].startswith(told)


def test_how_long_an_epoch_is_tells_whether_a_warmup_ends() -> None:
    settings = [Setting(learning_rate=1e-3, warmup_steps=10, epochs=2, batch_size=16), replace(WARM[0], epochs=1)]
    assert endless(settings, None) == []
    assert [note.split(":")[0] for note in endless(settings, 80)] == [
        "a warmup of 10 steps does not end in 10",
        "a warmup of 10 steps does not end in 3",
    ]
    assert endless(settings[:1], 81) == []


@given(st.integers(1, 10_000), st.floats(0, 100))
def test_a_warmup_may_be_a_share_of_the_steps(steps: int, percent: float) -> None:
    study, _ = scaled(STUDY, changes=[f"warmup_steps={percent!r}%", f"max_steps={steps}"])
    assert values(study, "warmup_steps") == [[round(steps * percent / 100)] * len(arm.settings) for arm in study.arms]


@given(
    st.sampled_from(
        ["{}", "max_steps={}", "trim_vocabulary={}", "l2.{}=1", "l2.strength={}", "ewc.plus={}", "warmup_steps={}%"]
    ),
    st.text(max_size=30),
)
def test_any_text_is_taken_or_refused_in_one_line(form: str, text: str) -> None:
    said = []
    try:
        scaled(STUDY, changes=[form.replace("{}", text)])
    except UserError as error:
        said.append(str(error))
    assert all(message and message.splitlines() == [message] for message in said)


def test_the_identity_changes_with_what_changes_a_score_and_with_nothing_else(study: Study) -> None:
    ids = {trial.id for trial in plan(study)}
    for change in (
        "learning_rate=2e-3",
        "max_steps=2",
        "train_examples=50",
        "label_noise=0.1",
        "precision=bf16",
        "checkpoint=best",
    ):
        assert ids.isdisjoint(trial.id for trial in plan(scaled(study, changes=[change])[0])), change
    assert ids == {
        trial.id
        for trial in plan(scaled(study, changes=["trim_vocabulary=false", "learning_rate=0.001"], languages=["hi"])[0])
    }
    assert ids < {trial.id for trial in plan(scaled(study, seeds=["0", "1"])[0])}


def test_decoupled_is_a_method_of_its_own() -> None:
    study, _ = scaled(
        replace(STUDY, methods=(L2(strength=0.1), DecoupledL2(strength=1.0))), changes=["decoupled_l2.strength=2"]
    )
    assert [arm.method for arm in study.arms] == [L2(strength=0.1), DecoupledL2(strength=2.0)]
