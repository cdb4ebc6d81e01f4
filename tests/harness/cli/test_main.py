"""The command line for a user: speed, messages, exit codes, nothing half-written."""

import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli.main import main
from tests.helpers.command_line import STUDY


@pytest.mark.parametrize(
    "arguments",
    [["list"], ["--help"], ["run", "--help"], ["show", "--help"], ["report", "--help"], ["fisher", "--help"]],
)
def test_light_commands_import_nothing_heavy(arguments: list[str]) -> None:
    code = (
        f"import sys\nfrom harness.cli import main as cli\ntry:\n    code = cli.main({arguments!r})\n"
        "except SystemExit as end:\n    code = end.code\n"
        "heavy = {'torch', 'ray', 'transformers', 'pandas', 'datasets', 'seaborn', "
        "'tensorboard', 'mlflow', 'wandb'} & sys.modules.keys()\nsys.exit(f'imported {heavy}' if heavy else code)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "quickstart" in ended.stdout or "usage: steadytune" in ended.stdout


def test_report_imports_neither_torch_nor_ray(study_file: Path, tmp_path: Path) -> None:
    code = (
        "import sys, analysis.report\nfrom harness.cli import main as cli\n"
        f"code = cli.main(['report', {str(study_file)!r}, '--store', {str(tmp_path / 'none')!r}])\n"
        "heavy = {'torch', 'ray', 'transformers', 'datasets'} & sys.modules.keys()\n"
        "sys.exit(f'imported {heavy}' if heavy else code)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 2, ended.stderr
    assert "does not exist; give the folder that 'steadytune run' wrote" in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "change", "message"),
    [
        (["run", "quikstart"], "", "study: there is no 'quikstart'. Did you mean 'quickstart'?"),
        (["run", "nothing.yaml"], "", "study: 'nothing.yaml' is not allowed; give a file that exists"),
        (["run", "FILE", "--cpus-per-trial", "0"], "", "--cpus-per-trial: 0 is not allowed"),
        (
            ["run", "FILE", "--gpus-per-trial", "1.5"],
            "",
            "--gpus-per-trial: 1.5 is not allowed; give a number from 0 to 1, or a whole",
        ),
        (["run", "FILE", "--gpus-per-trial", "inf"], "", "--gpus-per-trial: inf is not allowed; give a number from 0"),
        (
            ["run", "FILE", "--local", "--ray-address", "auto"],
            "",
            "--ray-address: 'auto' is not allowed; give it without --local",
        ),
        (
            ["run", "FILE", "--local", "--gpus-per-trial", "0.5"],
            "",
            "--gpus-per-trial: 0.5 is not allowed; give a whole number with --local",
        ),
        (
            ["run", "FILE", "--processes-per-trial", "2"],
            "",
            "--processes-per-trial: 2 is not allowed; give --gpus-per-trial 2 with it, or --gpus-per-trial 0 for",
        ),
        (
            ["run", "FILE", "--gpus-per-trial", "4", "--processes-per-trial", "2"],
            "",
            "--processes-per-trial: 2 is not allowed; give 4, or leave it out: each GPU of a trial has one process",
        ),
        (["run", "FILE", "--processes-per-trial", "0"], "", "--processes-per-trial: 0 is not allowed"),
        (["run", "FILE", "--store", "/proc/nowhere"], "", "store: '/proc/nowhere' cannot be written"),
        (
            ["run", "FILE"],
            "learning_rate: 1e-3->learning_rate: -1",
            "learning_rate: -1.0 is not allowed; give a finite number above 0",
        ),
        (["run", "FILE"], "learning_rate: 1e-3->learning_rate: .nan", "learning_rate: nan is not allowed"),
        (
            ["run", "FILE"],
            "task: udpos->data: /no/data\ntask: udpos",
            "mine.yaml:3: data: '/no/data' is not allowed; give 'embedded', 'hub'",
        ),
        (["run", "FILE"], "task: udpos->encoder: /no/model\ntask: udpos", "mine.yaml:3: encoder: '/no/model' is not"),
        (
            ["run", "FILE", "--set", "encoder=/no/a"],
            "task: udpos->encoder: /no/b\ntask: udpos",
            "steadytune: encoder: ",
        ),
        (
            ["run", "FILE"],
            "targets: [de]->targets: [th]",
            "test-th.tsv does not exist; languages with a test file there: ar, de",
        ),
        (["run", "FILE"], "[vanilla]->[{name: ewc, strength: 1, languages: [fr]}]", "ewc: languages: there is no 'fr'"),
        (["show", "FILE"], "task: udpos->tusk: udpos", "mine.yaml:3: field: there is no 'tusk'. Did you mean 'task'?"),
        (["report", "quickstart"], "", "does not exist; give the folder that 'steadytune run' wrote"),
        (
            ["run", "FILE"],
            "[vanilla]->[[vanilla, {name: l2, strength: 1}]]",
            "vanilla adds nothing to l2",
        ),
        (
            ["run", "FILE"],
            "[vanilla]->[{name: l2, strength: .nan}]",
            "l2: strength: nan is not allowed; give a finite number of at least 0",
        ),
        (["run", "FILE"], "[vanilla]->[{name: ewc, strength: -1}]", "ewc: strength: -1.0 is not allowed"),
        (
            ["run", "FILE"],
            "[vanilla]->[{name: ewc, strength: 1, estimator: samples}]",
            "estimator: there is no 'samples'. Did you mean 'sampled'?",
        ),
        (
            ["run", "FILE"],
            "[vanilla]->[{name: ewc, strength: 1, text: nowhere}]",
            "text: 'nowhere' is not allowed; give 'embedded', 'task'",
        ),
        (
            ["run", "FILE"],
            "[vanilla]->[{name: ewc, strength: 1, examples: 9000}]",
            "examples: 9000 is not allowed; give at most",
        ),
        (
            ["run", "FILE"],
            "[vanilla]->[{name: layer_freeze, layers: 9}]",
            "layer_freeze: layers: 9 is not allowed; give at most 4",
        ),
        (["run", "FILE"], "[vanilla]->[{name: adaptor}]", "methods: there is no 'adaptor'. Did you mean 'adapter'?"),
        (
            ["fisher", "FILE", "--languages", "dee"],
            "",
            "--languages of task udpos: there is no 'dee'. Did you mean 'de'?",
        ),
        (
            ["fisher", "FILE", "--text", "wiki"],
            "",
            "text: 'wiki' is not allowed; give 'embedded', 'task', 'wikipedia', 'xnli', ",
        ),
        (["fisher", "FILE", "--examples", "0"], "", "examples: 0 is not allowed; give a whole number of at least 1"),
        (
            ["fisher", "FILE", "--examples", "101", "--languages", "de"],
            "",
            "examples: 101 is not allowed; give at most 100 in all: the text for 'de' has 100",
        ),
        (["fisher", "FILE", "--method", "l2"], "", "--method: there is no 'l2'. Known: vanilla"),
        (["fisher", "FILE", "--estimator", "true"], "", "estimator: there is no 'true'"),
        (
            ["fisher", "FILE", "--text", "embedded", "--languages", "fr"],
            "targets: [de]->targets: [de, fr]",
            "fr.txt does not exist; languages with text there: ar, de",
        ),
    ],
)
def test_mistakes_get_one_message_and_exit_code_2(
    study_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    change: str,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    if change:
        old, new = change.split("->")
        assert old in STUDY
        study_file.write_text(STUDY.replace(old, new), encoding="utf-8")
    assert main([str(study_file) if a == "FILE" else a for a in arguments]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("steadytune: ")
    assert captured.err.count("\n") == 1
    assert message in captured.err
    assert [f.name for f in tmp_path.iterdir()] == ["mine.yaml"]


def test_text_for_ewc_is_checked_before_anything_runs(
    study_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study_file.write_text(
        STUDY.replace("[vanilla]", "[{name: ewc, strength: 1}]").replace("[de]", "[de, fr]"), encoding="utf-8"
    )
    assert main(["run", str(study_file), "--store", str(tmp_path / "store")]) == 2
    assert (
        "fr.txt does not exist; languages with text there: ar, de, en, es, fi, hi, ru, tr, vi, zh"
        in capsys.readouterr().err
    )
    assert not (tmp_path / "store").exists()


def test_show_lists_trials_and_leaves_nothing_behind(
    study_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", str(study_file), "--store", str(tmp_path / "store")]) == 0
    assert "1 trial, 0 finished" in capsys.readouterr().out
    assert not (tmp_path / "store").exists()


def test_unknown_commands_and_options_exit_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, said in (
        ([], "the following arguments are required: COMMAND"),
        (["rum"], "command: there is no 'rum'. Did you mean 'run'? Known: check, "),
        (["run"], "the following arguments are required: STUDY"),
        (
            ["run", "quickstart", "--lokal"],
            "option: there is no '--lokal'. Did you mean '--local'? steadytune run --help",
        ),
        (["run", "quickstart", "--seed", "0"], "option: there is no '--seed'. Did you mean '--seeds'?"),
        (["report", "a.csv", "--sorce=en"], "option: there is no '--sorce'. Did you mean '--source'?"),
    ):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 2
        [line] = capsys.readouterr().err.splitlines()
        assert line.startswith("steadytune: ")
        assert said in line
        assert "--help" in line


def test_a_local_run_prints_plain_lines_without_a_terminal(
    study_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["run", str(study_file), "--store", str(tmp_path / "store"), "--local"]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "1/1  vanilla learning_rate=0.001 seed=0: en " in out
    assert "[1 done, 0 running, 0 failed, 0 left]" in out
    assert str(tmp_path / "store" / "reports" / "mine" / "report.html") in out
    assert main(arguments) == 0
    assert "1 finished before, 0 failed before, 0 to run" in capsys.readouterr().out
