"""Studies and trial identities: what changes a trial's name, what does not, and what is refused."""

import json
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import search_spaces
from harness.common import fields
from harness.common.errors import UserError
from harness.execution.plan import plan
from harness.methods import L2, Ewc, Vanilla
from harness.setting import setting_labels
from harness.study import Arm, EquivalenceBounds, Setting, Study, TrialConfig
from harness.tasks.own.text import OwnText
from tests.helpers.examples import examples
from tests.helpers.studies import CONFIG, SHORT

IDENTITY = {
    "source": "de",
    "method": L2(strength=0.2),
    "setting": replace(SHORT, learning_rate=2e-3),
    "seed": 1,
    "replicate": 1,
    "processes": 2,
    "precision": "bf16",
    "encoder_revision": "abd",
    "tokenizer": "spm",
    "training_data": "deg",
    "texts": {"de": "2"},
    "task": "other",
    "task_code": "1",
    "checkpoint": "best",
    "sampling_temperature": 0.5,
    "selected_on": "1",
    "selected_by": "other",
    "course": ("a to step 3",),
}
PLACES = {
    "encoder": "/elsewhere",
    "data": "/elsewhere",
    "data_revision": "1",
    "dev_data": "1",
    "task_file": "/elsewhere.py",
    "own_task": OwnText(text="sentence"),
    "targets": ("fr", "hi"),
    "test_data": {},
    "trim_vocabulary": False,
    "shard": True,
}


def test_every_field_is_in_the_identity_or_a_place() -> None:
    assert IDENTITY.keys() | PLACES.keys() == set(TrialConfig.__dataclass_fields__)


@pytest.mark.parametrize("field", IDENTITY)
def test_what_changes_the_model_changes_the_id(field: str) -> None:
    assert replace(CONFIG, **{field: IDENTITY[field]}).id != CONFIG.id  # type: ignore[arg-type]


@pytest.mark.parametrize("field", PLACES)
def test_what_does_not_change_the_model_does_not_change_the_id(field: str) -> None:
    assert replace(CONFIG, **{field: PLACES[field]}).id == CONFIG.id  # type: ignore[arg-type]


OTHERS: dict[str, Any] = {
    "accumulation": 4, "label_noise": 0.2, "hidden_dropout": 0.2, "attention_dropout": 0.2, "head_dropout": 0.2,
    "optimizer": "sgd", "beta1": 0.8, "beta2": 0.99, "bias_correction": False, "momentum": 0.9, "label_smoothing": 0.1,
    "class_weights": "balanced", "batches": "by_length", "gradient_checkpointing": True,
}  # fmt: skip


@pytest.mark.parametrize(
    "field", [name for name in Setting.__dataclass_fields__ if name not in ("epochs", "max_steps")]
)
def test_every_hyperparameter_changes_the_id(field: str) -> None:
    value = getattr(SHORT, field)
    other: Any = "cosine" if isinstance(value, str) else value * 2 if value else 2
    other = OTHERS.get(field, other)
    base = replace(SHORT, optimizer="sgd") if field == "momentum" else SHORT
    config = replace(CONFIG, setting=base)
    assert replace(config, setting=replace(base, **{field: other})).id != config.id


@pytest.mark.parametrize("seeds", [{"init_seed": 0}, {"data_seed": 0}, {"init_seed": 0, "data_seed": 0}])
def test_a_seed_that_is_the_runs_own_makes_no_other_model(seeds: dict[str, int]) -> None:
    setting = replace(SHORT, **seeds)
    assert replace(CONFIG, setting=setting).id == CONFIG.id
    assert replace(CONFIG, setting=setting, seed=1).id != replace(CONFIG, seed=1).id


def test_a_field_added_later_with_a_default_changes_no_id() -> None:
    """What is at its default is not in the hash."""
    spelled = replace(CONFIG, setting=replace(SHORT, accumulation=1, schedule="linear"), method=L2(strength=0.1))
    assert spelled.id == CONFIG.id
    assert fields.chosen(SHORT) == {"learning_rate": 1e-3, "warmup_steps": 1, "max_steps": 3, "batch_size": 4}
    assert Ewc(strength=2, languages=("de",), text="elsewhere").identity() == {
        "name": "ewc",
        "strength": 2.0,
        "languages": ("de",),
    }


def test_the_id_is_stable() -> None:
    """A change here orphans every store: raise NUMERICS knowingly instead."""
    assert CONFIG.id == "88608a3bbf00dff6"


@pytest.mark.parametrize(
    "setting", [Setting(learning_rate=1, epochs=10), Setting(learning_rate=2e-5, max_steps=7, weight_decay=0)]
)
def test_ids_are_the_same_however_a_number_is_written(setting: Setting) -> None:
    for method in (Vanilla(), L2(strength=1), Ewc(strength=1000, languages=("de",))):
        config = replace(CONFIG, method=method, setting=setting)
        again = TrialConfig.from_json(json.loads(json.dumps(config.to_json())))
        assert again == config
        assert again.id == config.id
    assert replace(CONFIG, method=L2(strength=1)).id == replace(CONFIG, method=L2(strength=1.0)).id


def test_setting_labels_never_merge_two_settings() -> None:
    made = [Setting(learning_rate=rate, max_steps=1) for rate in (1e-3, 1.0000001e-3, 2e-5)]
    assert setting_labels(made) == dict(
        zip(made, ["learning_rate=0.001", "learning_rate=0.0010000001", "learning_rate=2e-05"], strict=True)
    )
    one = Setting(learning_rate=1e-3, warmup_steps=5, max_steps=1)
    assert setting_labels([made[0], one]) == {made[0]: "warmup_steps=0", one: "warmup_steps=5"}


def test_configs_survive_json() -> None:
    assert TrialConfig.from_json(CONFIG.to_json()) == replace(CONFIG, texts=dict(CONFIG.texts))


rates = st.floats(1e-6, 1.0)
some_settings = st.builds(Setting, learning_rate=rates, warmup_steps=st.integers(0, 50), max_steps=st.integers(1, 100))
methods = st.one_of(
    st.just(Vanilla()), st.builds(L2, strength=st.floats(0, 10)), st.builds(Ewc, strength=st.floats(0, 1e6))
)


@given(
    st.lists(some_settings, min_size=1, max_size=4, unique=True),
    st.lists(methods, min_size=1, max_size=3, unique_by=lambda m: m.label),
    st.lists(st.integers(0, 99), min_size=1, max_size=3, unique=True),
    st.booleans(),
)
@settings(max_examples=examples(50))
def test_studies_survive_json_and_expand_to_products(
    grid: list[Setting], kinds: list[Any], seeds: list[int], own: bool
) -> None:
    arms = [Arm(method=kinds[0], settings=tuple(grid[:1]), seeds=(7,)), *kinds[1:]] if own else kinds
    study = Study(
        name="s", task="udpos", methods=tuple(arms), settings=tuple(grid), seeds=tuple(seeds), targets=("de", "fr")
    )
    assert Study.from_json(study.to_json()) == study
    per_method = [
        (2 if isinstance(k, Ewc) else 1) * (1 if own and i == 0 else len(grid) * len(seeds))
        for i, k in enumerate(kinds)
    ]
    assert len(list(study.runs())) == sum(per_method)


def test_ewc_is_one_trial_a_language_scored_on_it_alone(study: Study) -> None:
    trials = plan(replace(study, methods=(Ewc(strength=1.0),)))
    assert [(t.method.languages, t.targets, set(t.texts)) for t in trials] == [  # type: ignore[attr-defined]
        (("de",), ("de",), {"de"}),
        (("hi",), ("hi",), {"hi"}),
    ]
    assert len({t.id for t in trials}) == 2
    assert {t.method.arm.label for t in trials} == {"ewc(strength=1)"}


@pytest.mark.parametrize("value", [-1e-3, 0.0, math.nan, math.inf, "fast", True, None])
def test_a_learning_rate_is_a_positive_number(value: Any) -> None:
    with pytest.raises(
        UserError, match=rf"learning_rate: {re.escape(repr(value))} is not allowed; give a (finite )?number"
    ):
        Setting(learning_rate=value, max_steps=1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"task": "udpo"}, "task: there is no 'udpo'. Did you mean 'udpos'?"),
        ({"targets": ["de", "xx"]}, "targets of task udpos: there is no 'xx'"),
        ({"targets": ["../x"]}, "targets: '../x' is not allowed; give a language code"),
        ({"targets": ["en"]}, "targets: 'en' is not allowed; give languages other than the source"),
        ({"targets": []}, "targets: [] is not allowed; give a list with at least one entry"),
        ({"methods": ["l3"]}, "methods: there is no 'l3'. Did you mean 'l2'?"),
        ({"methods": [{"name": "l2"}]}, "l2: the field 'strength' is missing"),
        ({"methods": [{"name": "l2", "strenght": 1}]}, "field: there is no 'strenght'. Did you mean 'strength'?"),
        (
            {"methods": [{"name": "l2", "strength": -1}]},
            "strength: -1.0 is not allowed; give a finite number of at least 0",
        ),
        (
            {"methods": ["vanilla", "vanilla"]},
            "methods: 'vanilla' is not allowed; give each method with the same options once",
        ),
        ({"methods": [{"name": "ewc", "strength": 1, "languages": ["fr"]}]}, "ewc: languages: there is no 'fr'"),
        ({"seeds": [0, 0]}, "seeds: 0 is not allowed; give each entry once"),
        ({"seeds": [-1]}, "seeds: -1 is not allowed; give a whole number from 0 to"),
        ({"seeds": 3}, "seeds: 3 is not allowed; give a list"),
        (
            {"settings": [{"learning_rate": 1e-3}]},
            "epochs and max_steps: None and None are not allowed; give exactly one of them",
        ),
        (
            {"settings": [{"learning_rate": 1e-3, "max_steps": 2, "warmup": 3}]},
            "'warmup' is called 'warmup_steps' here",
        ),
        (
            {"settings": [{"learning_rate": 1e-3, "max_steps": 2, "batch_size": 6, "accumulation": 4}]},
            "a divisor of the batch size, 6",
        ),
        ({"seeds": [2**32]}, "seeds: 4294967296 is not allowed"),
        ({"seeds": [True]}, "seeds: True is not allowed; give a whole number"),
        ({"task": {"a": 1}}, "task: the field 'kind' is missing; give one of "),
        ({"encoder": 5}, "encoder: 5 is not allowed; give text"),
        ({"data": None}, "data: None is not allowed; give a place's name"),
        ({"methods": [{"name": ["l2"]}]}, "methods: name: ['l2'] is not allowed; give text"),
        (
            {"methods": [{"name": "ewc", "strength": 1, "languages": "de"}]},
            "languages: 'de' is not allowed; give a list",
        ),
        (
            {"methods": [{"name": "ewc", "strength": 1, "languages": ["de", "de"]}]},
            "languages: 'de' is not allowed; give each entry once",
        ),
        ({"methods": [{"name": "ewc", "strength": 1, "text": 5}]}, "text: 5 is not allowed; give text"),
        ({"methods": [{"name": "l2", "strength": 10**400}]}, "strength: 1000"),
        ({"methods": [{"name": "vanilla", "seeds": [0, 0]}]}, "seeds: 0 is not allowed; give each entry once"),
        (
            {"methods": [{"name": "vanilla", "seeds": []}]},
            "seeds: [] is not allowed; give a list with at least one entry",
        ),
        ({"methods": [{"name": "vanilla", "settings": [3]}]}, "settings: 3 is not allowed; give a mapping"),
        (
            {"settings": [{"learning_rate": 1e-3, "max_steps": 1.5}]},
            "max_steps: 1.5 is not allowed; give a whole number",
        ),
        ({"settings": [{"learning_rate": 1e-3, "max_steps": 10**400}]}, "max_steps: 1000"),
        (
            {"methods": [{"name": "ewc", "strength": 1, "languages": [c]} for c in ("de", "hi")]},
            "methods: 'ewc(strength=1)' is not allowed",
        ),
        ({"question": None}, "question: None is not allowed; give text"),
        ({"name": "a//b"}, "name: 'a//b' is not allowed"),
        ({"name": "x" * 101}, "is not allowed; give letters"),
        ({"precision": "fp8"}, "precision: there is no 'fp8'"),
        ({"question": "half \ud800"}, r"question: 'half \ud800' is not allowed; give text of whole characters"),
        (
            {"settings": {"design": "grid", "max_steps": 1, "learning_rate": {"choice": [[1e-3], [2e-3]]}}},
            "learning_rate: choice: [0.001] is not allowed; give numbers and text",
        ),
        ({"langauges": ["de"]}, "field: there is no 'langauges'"),
        ({"model_name_or_path": "x"}, "field: 'model_name_or_path' is called 'encoder' here"),
        ({"langauges": ["de"], "settings": None}, "field: there is no 'langauges'"),
        ({"settings": [{"lr": 1e-3}]}, "settings: field: 'lr' is called 'learning_rate' here"),
        ({"settings": [{"num_train_epochs": 3}]}, "field: 'num_train_epochs' is called 'epochs' here"),
        ({"settings": [{"adam_beta2": 0.9}]}, "field: 'adam_beta2' is called 'beta2' here"),
        (
            {"settings": [{"warmup_ratio": 0.1}]},
            "'warmup_ratio' is called 'warmup_steps' here; give a number of steps, or a share of max_steps such as 10%",
        ),
        (
            {"settings": {"design": "grid", "per_device_train_batch_size": 8}},
            "hyperparameter: 'per_device_train_batch_size' is called 'batch_size' here; give examples per",
        ),
        (
            {"settings": [{"learning_rate": 1, "epochs": 1, "warmup_steps": "10%"}]},
            "warmup_steps: '10%' is not allowed; give a whole number of steps; a share needs max_steps",
        ),
        (
            {"settings": [{"learning_rate": 1, "epochs": 1, "optimizer": "sgd", "beta2": 0.9}]},
            "beta2: 0.9 is not allowed; only the optimizer 'adamw' has it, and the setting's is 'sgd'",
        ),
        (
            {"settings": [{"learning_rate": 1, "epochs": 1, "early_stopping": 10}]},
            "early_stopping: 10 is not allowed; give a number of at most 9",
        ),
        ({"name": "../up"}, "name: '../up' is not allowed"),
        ({"looks": 0}, "looks: 0 is not allowed; give a whole number of at least 1"),
        ({"looks": 21}, "looks: 21 is not allowed; give a number of at most 20"),
        ({"looks": 1.5}, "looks: 1.5 is not allowed; give a whole number"),
        ({"looks": [3]}, "looks: [3] is not allowed; give a whole number"),
        (
            {"equivalence": {"ratio": [1.25, 0.8]}},
            "equivalence: ratio: [1.25, 0.8] is not allowed; give two ratios, one below 1 and one above",
        ),
        ({"equivalence": {"ratio": [0.8]}}, "equivalence: ratio: [0.8] is not allowed; give two ratios"),
        ({"equivalence": {"ratio": ["a", 2]}}, "equivalence: ratio: 'a' is not allowed; give a number"),
        ({"equivalence": {"points": 0}}, "equivalence: points: 0.0 is not allowed; give a finite number above 0"),
        ({"equivalence": {"point": 1}}, "equivalence: field: there is no 'point'. Did you mean 'points'?"),
        ({"sampling": {"temperature": 1.5}}, "sampling: temperature: 1.5 is not allowed; give a number from 0 to 1"),
        ({"sampling": {"temperature": float("nan")}}, "sampling: temperature: nan is not allowed"),
        ({"sampling": {"temperature": True}}, "sampling: temperature: True is not allowed; give a number"),
        ({"sampling": {}}, "sampling: the field 'temperature' is missing"),
        ({"sampling": {"temprature": 0.5}}, "sampling: field: there is no 'temprature'. Did you mean 'temperature'?"),
        ({"sampling": 0.5}, "sampling: 0.5 is not allowed; give a mapping of field names to values"),
        ({"equivalence": 1.25}, "equivalence: 1.25 is not allowed; give a mapping of field names to values"),
        ({"look": 3}, "field: there is no 'look'. Did you mean 'looks'?"),
        ({"replicates": 10**9}, "replicates: 1000000000 is not allowed; give a number of at most 100000"),
        (
            {"replicates": 60_000},
            "trials: 120000 is not allowed; give at most 100000: fewer settings, seeds or replicates",
        ),
        ({"seeds": [*range(100_001)]}, "trials: 200002 is not allowed; give at most 100000"),
        (
            {"settings": [{"learning_rate": 1e-3, "epochs": 1e308}]},
            "epochs: 1e+308 is not allowed; give a number of at most 1000000",
        ),
        (
            {"settings": [{"learning_rate": 1e308, "epochs": 1}]},
            "learning_rate: 1e+308 is not allowed; give a number of at most",
        ),
        (
            {"settings": [{"learning_rate": 1e-3, "max_steps": 10**15}]},
            "max_steps: 1000000000000000 is not allowed; give a number of at",
        ),
        (
            {"methods": [{"name": "adapter", "size": 10**12}]},
            "size: 1000000000000 is not allowed; give a number of at most 10000",
        ),
        (
            {"methods": [{"name": "lora", "rank": 10**12}]},
            "rank: 1000000000000 is not allowed; give a number of at most 10000",
        ),
        (
            {"methods": [{"name": "ewc", "strength": 1, "examples": 10**15}]},
            "examples: 1000000000000000 is not allowed; give a number",
        ),
    ],
)
def test_bad_studies_name_field_value_and_what_is_allowed(study: Study, change: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        Study.from_json({**study.to_json(), **change})


def test_looks_change_no_trial_and_are_kept_with_the_study(study: Study, searched: Study) -> None:
    looked = replace(study, looks=3)
    assert plan(looked) == plan(study)
    assert Study.from_json(json.loads(json.dumps(looked.to_json()))) == looked
    assert "looks" not in study.to_json()  # older versions know no such field
    with pytest.raises(UserError, match="looks: 3 is not allowed; give none: the report of a search tests nothing"):
        replace(searched, looks=3)


def test_bounds_of_equivalence_change_no_trial_and_are_kept_with_the_study(study: Study) -> None:
    bounded = Study.from_json({**study.to_json(), "equivalence": {"ratio": [0.5, 2]}})
    assert bounded.equivalence == EquivalenceBounds(ratio=(0.5, 2.0), points=1.0)
    assert plan(bounded) == plan(study)
    assert Study.from_json(json.loads(json.dumps(bounded.to_json()))) == bounded
    assert "equivalence" not in study.to_json()  # older versions know no such field


def test_yaml_and_python_files_give_the_same_study(tmp_path: Path, study: Study) -> None:
    (tmp_path / "small.yaml").write_text(
        """
question: "?"
task: udpos
methods: [vanilla, {name: l2, strength: 1e-2}]
settings: [{learning_rate: 1e-3, warmup_steps: 1, max_steps: 3, batch_size: 4}]
seeds: [0]
targets: [de, hi]
""",
        encoding="utf-8",
    )
    (tmp_path / "small.py").write_text(
        "from harness.methods import L2, Vanilla\nfrom harness.study import Setting, Study\nSTUDY = "
        "Study(name='small', question='?', task='udpos', methods=[Vanilla(), L2(strength=0.01)],\n    "
        "settings=[Setting(learning_rate=1e-3, warmup_steps=1, max_steps=3, batch_size=4)], seeds=[0], "
        "targets=['de', 'hi'])\n",
        encoding="utf-8",
    )
    expected = replace(study, data="embedded", encoder="embedded", precision="auto")
    assert search_spaces.load(str(tmp_path / "small.yaml")) == expected
    assert search_spaces.load(str(tmp_path / "small.py")) == expected


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.yaml", "task: [", r"a\.yaml:1: not readable as YAML: while parsing a flow node, expected the node content"),
        (
            "a.yaml",
            "!!python/object/apply:os.system ['true']",
            r"a\.yaml:1: not readable as YAML: could not determine a constructor",
        ),
        ("a.yaml", "- 1", r"a\.yaml: \[1\] is not allowed; give a mapping"),
        ("a.yaml", "task: udpos", r"a\.yaml: the fields 'methods', 'settings', 'seeds' and 'targets' are missing"),
        ("a.yaml", "task: udpos\ntask: udpos", r"a\.yaml:2: not readable as YAML: the key 'task' is given twice$"),
        ("a.yaml", "data: " + "x" * 5000, r"a\.yaml: "),
        ("a.yaml", "question: 2020-13-45", r"a\.yaml: not readable as YAML"),
        ("a.yaml", "[" * 3000, r"a\.yaml: not readable as YAML"),
        ("a.yaml", "data: ~no-such-user/x\ntask: udpos", r"a\.yaml: "),
        ("a.py", "raise SystemExit(3)", r"a\.py:1: SystemExit: 3"),
        ("a.py", "from harness.study import Arm\nArm(method=3)", r"a\.py:2: method: 3 is not allowed; give a Method"),
        ("a.py", "x = 1", r"a\.py: it must define STUDY"),
        ("a.py", "x = 1\n1 / 0", r"a\.py:2: ZeroDivisionError"),
        ("a.py", "x = (", r"a\.py:1: SyntaxError"),
        ("a.py", "from harness.methods import L2\nL2(strength=-1)", r"a\.py:2: strength: -1\.0 is not allowed"),
    ],
)
def test_bad_study_files(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        search_spaces.load(str(tmp_path / name))


@pytest.mark.parametrize("fingerprints", [{"de": ["2"]}, {"de": None}, {2: "2"}, {"de": "\udc00"}])
def test_a_trials_fingerprints_are_text_by_language(fingerprints: Any) -> None:
    with pytest.raises(UserError, match=r"test_data: .* is not allowed; give text"):
        TrialConfig.from_json({**CONFIG.to_json(), "test_data": fingerprints})


@pytest.mark.parametrize("field", ["encoder", "data"])
@pytest.mark.parametrize("place", ["x" * 5000, "~no-such-user/x", "a\0b"])
def test_paths_that_cannot_be(study: Study, field: str, place: str) -> None:
    with pytest.raises(UserError, match=f"{field}: .* is not allowed"):
        plan(replace(study, **{field: place}))


def test_two_arms_that_are_one_fine_tuning_are_refused(study: Study, tmp_path: Path) -> None:
    from harness import embedded

    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "de.txt").write_bytes((embedded.TEXT / "de.txt").read_bytes())
    arms = tuple(Ewc(strength=1, languages=("de",), text=str(tmp_path / name)) for name in ("one", "two"))
    with pytest.raises(UserError, match="it is the same fine-tuning as"):
        plan(replace(study, methods=arms))


def test_a_plan_has_full_paths(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data_folder: Path
) -> None:
    monkeypatch.chdir(data_folder.parent)
    assert plan(replace(study, data="data", targets=("de",)))[0].data == str(data_folder)
