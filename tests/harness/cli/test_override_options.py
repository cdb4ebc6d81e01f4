"""Options that scale a study: refusals, and a scaled run."""

from pathlib import Path

import pytest
import yaml

from harness.cli.main import main
from harness.methods import L2, Vanilla
from harness.store.store import Store

YAML = {
    "question": "?",
    "task": "udpos",
    "methods": ["vanilla", {"name": "l2", "strength": 0.1}],
    "settings": [{"learning_rate": rate, "warmup_steps": 1, "epochs": 1, "batch_size": 4} for rate in (1e-3, 2e-3)],
    "seeds": [0],
    "targets": ["de", "hi"],
}


@pytest.fixture
def study_file(cut: Path, tmp_path: Path) -> Path:
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(YAML | {"data": str(cut)}), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set", "max_steps"], "--set: 'max_steps' is not allowed; give FIELD=VALUE, such as max_steps=100"),
        (["--set", "=3"], "--set: '=3' is not allowed; give FIELD=VALUE"),
        (["--set", "max_step=3"], "--set: there is no 'max_step'. Did you mean 'max_steps'?"),
        (["--set", "name=other"], "--set: there is no 'name'."),
        (["--set", "methods=vanilla"], "--set: there is no 'methods'."),
        (["--set", "max_steps=3", "--set", "max_steps=4"], "--set: 'max_steps' is not allowed; give each field once"),
        (
            ["--set", "train_examples=3", "--limit-train", "4"],
            "--set: 'train_examples' is not allowed; give each field once",
        ),
        (["--set", "max_steps=many"], "max_steps: 'many' is not allowed; give a whole number"),
        (["--set", "max_steps=2.5"], "max_steps: 2.5 is not allowed; give a whole number"),
        (["--set", "max_steps=0"], "max_steps: 0 is not allowed; give a whole number of at least 1"),
        (["--set", "max_steps="], "max_steps: '' is not allowed; give a whole number"),
        (["--set", "max_steps=[1, 2]"], "max_steps: [1, 2] is not allowed; give a whole number"),
        (["--set", "max_steps=[1"], "max_steps: '[1' is not allowed; give a value in YAML"),
        (
            ["--set", "max_steps=3", "--set", "epochs=1"],
            "epochs and max_steps: 1.0 and 3 are not allowed; give exactly one",
        ),
        (["--set", "learning_rate=nan"], "learning_rate: nan is not allowed"),
        (
            ["--set", "batch_size=4", "--set", "accumulation=3"],
            "accumulation: 3 is not allowed; give a divisor of the batch size, 4",
        ),
        (["--set", "schedule=lineal"], "schedule: there is no 'lineal'. Did you mean 'linear'?"),
        (
            ["--set", "warmup_steps=10%"],
            "warmup_steps: '10%' is not allowed; give a whole number of steps; a share needs max_steps",
        ),
        (
            ["--set", "warmup_steps=101%", "--set", "max_steps=9"],
            "warmup_steps: '101%' is not allowed; give a whole number of steps, or a",
        ),
        (["--set", "warmup_steps=x%", "--set", "max_steps=9"], "warmup_steps: 'x%' is not allowed"),
        (["--set", "learning_rate=tenx"], "learning_rate: 'tenx' is not allowed"),
        (["--set", "learning_rate=infx"], "learning_rate: inf is not allowed"),
        (
            ["--set", "max_steps=2x"],
            "max_steps: '2x' is not allowed; give a value: the study's value, None, cannot be multiplied",
        ),
        (
            ["--set", "schedule=2x"],
            "schedule: '2x' is not allowed; give a value: the study's value, linear, cannot be multiplied",
        ),
        (["--set", "task=udpo"], "task: there is no 'udpo'. Did you mean 'udpos'?"),
        (["--set", "label_noise=1"], "label_noise: 1.0 is not allowed; give a number from 0 to below 1"),
        (["--set", "label_noise=-0.1"], "label_noise: -0.1 is not allowed"),
        (["--limit-train", "0"], "train_examples: 0 is not allowed; give a whole number of at least 1"),
        (["--limit-train", "few"], "train_examples: 'few' is not allowed; give a whole number"),
        (
            ["--limit-train", "201"],
            "train_examples: 201 is not allowed; give at most 200, the training examples in 'en'",
        ),
        (["--set", "trim_vocabulary=maybe"], "trim_vocabulary: 'maybe' is not allowed; give true or false"),
        (["--set", "precision=fp8"], "precision: there is no 'fp8'"),
        (["--set", "encoder=/no/such"], "encoder: '/no/such' is not allowed; give 'embedded', a folder that exists"),
        (["--set", "source=de"], "targets: 'de' is not allowed; give languages other than the source"),
        (["--set", "l3.strength=1"], "--set: method: there is no 'l3'. Did you mean 'l2'?"),
        (
            ["--set", "ewc.strength=1"],
            "--set: the study has no method 'ewc', so 'ewc.strength' would change nothing; it has l2, vanilla",
        ),
        (["--set", "l2.strenght=1"], "--set: option of l2: there is no 'strenght'. Did you mean 'strength'?"),
        (["--set", "l2.strength=-1"], "l2: strength: -1.0 is not allowed; give a finite number of at least 0"),
        (["--set", "vanilla.strength=1"], "--set: option of vanilla: there is no 'strength'. Known: none"),
        (["--languages", "xx"], "--languages of task udpos: there is no 'xx'"),
        (["--languages", "de", "de"], "--languages: 'de' is not allowed; give each entry once"),
        (["--languages", "de", "en"], "targets: 'en' is not allowed; give languages other than the source"),
        (["--languages", "ko"], "test-ko.tsv does not exist"),
        (["--seeds", "x"], "seeds: 'x' is not allowed; give a whole number"),
        (["--seeds", "-1"], "seeds: -1 is not allowed; give a whole number from 0"),
        (["--seeds", "1", "1"], "seeds: 1 is not allowed; give each entry once"),
    ],
)
def test_mistakes_get_one_message_and_leave_nothing(
    study_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    store = tmp_path / "store"
    assert main(["run", str(study_file), "--store", str(store), "--local", *arguments]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("steadytune: ")
    assert said.err.count("\n") == 1, said.err
    assert message in said.err
    assert not store.exists()


@pytest.mark.slow
def test_a_scaled_study_runs_and_is_reported_by_its_name(
    study_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = ["--store", str(tmp_path / "store")]
    scale = [
        "--set",
        "max_steps=2",
        "--set",
        "learning_rate=1e-3",
        "--set",
        "l2.strength=0.5",
        "--languages",
        "hi",
        "--limit-train",
        "40",
    ]
    run = ["run", str(study_file), *store, "--local", "--no-report", *scale]
    assert main(run) == 0
    out = capsys.readouterr().out
    assert "Note: 2 settings became 1, as they differed only in the changed fields." in out
    assert "mine: 2 trials, 0 finished before" in out
    assert main(run) == 0
    assert "mine: 2 trials, 2 finished before" in capsys.readouterr().out
    assert main(["report", "mine", *store]) == 0
    study, trials = Store(str(tmp_path / "store")).study("mine")
    assert study.targets == ("hi",)
    assert {(trial.setting.train_examples, trial.setting.max_steps, trial.setting.epochs) for trial in trials} == {
        (40, 2, None)
    }
    assert [trial.method for trial in trials] == [Vanilla(), L2(strength=0.5)]
