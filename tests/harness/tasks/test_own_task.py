"""A user's own task: it runs, and its faults are reported."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.cli.main import main
from harness.common.errors import UserError
from harness.execution.plan import plan
from harness.store.store import Store
from harness.study import Study
from harness.training.trial import run_trial
from tests.helpers.own_task import OWN


def test_a_users_own_task_runs_by_way_of_the_command_line(own_task: Callable[[], Study], tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    assert main(["run", str(tmp_path / "own.yaml"), "--local", "--no-report", "--store", store]) == 0
    record = Store(store).record(plan(own_task())[0].id)
    assert record is not None
    assert set(record.scores.test) == {"en", "de", "sw"}
    (tmp_path / "echo.py").unlink()  # the report does not need the module
    assert main(["report", "own", "--store", store]) == 0


def test_an_edited_task_is_the_new_one_in_the_same_process(own_task: Callable[[], Study], tmp_path: Path) -> None:
    first = run_trial(plan(own_task())[0], cache=tmp_path)
    (tmp_path / "echo.py").write_text(OWN.replace('"no", "yes"', '"maybe", "yes", "no"'), encoding="utf-8")
    second = run_trial(plan(own_task())[0], cache=tmp_path)
    assert {label for part in first.scored for row in part.gold for label in row} == {0, 1}
    assert {label for part in second.scored for row in part.gold for label in row} == {1, 2}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            "def read(self, file):\n        return 1 / 0",
            r"train examples of the task 'echo' in 'en' cannot be read: ZeroDivisionError",
        ),
        (
            "def read(self, file):\n        yield 1 / 0",
            r"examples of the task 'echo' in 'en' cannot be read: ZeroDivisionError",
        ),
        (
            "def read(self, file):\n        return [file]",
            r"examples of the task 'echo' in 'en' cannot be read: TypeError",
        ),
        (
            "def scores(self, gold, predicted):\n        return {'accuracy': float('nan')}",
            r"the scores of 'echo' lack a finite 'accuracy'",
        ),
        ("metric = 'mcc'", r"the scores of 'echo' lack a finite 'mcc'"),
        ("auto_model = 'AutoModelForNothing'", r"encoder: the weights, as AutoModelForNothing, of .* cannot be loaded"),
    ],
)
def test_a_task_that_breaks(own_task: Callable[[], Study], tmp_path: Path, more: str, message: str) -> None:
    (tmp_path / "echo.py").write_text(OWN.replace("\n\n\nTASK", f"\n    {more}\n\n\nTASK"), encoding="utf-8")
    with pytest.raises(UserError, match=message):
        run_trial(plan(own_task())[0], cache=tmp_path)


def test_other_code_is_another_trial(own_task: Callable[[], Study], tmp_path: Path) -> None:
    config = plan(own_task())[0]
    assert plan(own_task())[0].id == config.id
    moved = tmp_path / "elsewhere.py"
    moved.write_text(OWN, encoding="utf-8")
    assert plan(replace(own_task(), task=str(moved)))[0].id == config.id
    (tmp_path / "echo.py").write_text(OWN + "# changed\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"task: .*echo\.py changed since the study was planned"):
        run_trial(config, cache=tmp_path)
    assert plan(own_task())[0].id != config.id


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "TASK = 3\n",
            r"echo\.py: it must define TASK, a harness\.tasks\.base\.Task, "
            r"or a function task\(\) that returns one; it has int",
        ),
        ("import nothing_there\n", r"echo\.py:1: ModuleNotFoundError"),
        (
            OWN.replace('"echo"', '"xnli"'),
            r"TASK\.name: 'xnli' is not allowed; give another name than those of steadytune's own",
        ),
        (OWN.replace('"echo"', '"../echo"'), r"TASK\.name: '\.\./echo' is not allowed"),
        (OWN.replace('    name = "echo"\n', ""), r"echo\.py: TASK lacks 'name'"),
        (OWN.replace('    labels = ("no", "yes")\n', ""), r"echo\.py: TASK lacks 'labels'"),
        (OWN.replace('("no", "yes")', '("no", "no")'), r"TASK\.labels: 'no' is not allowed; give each entry once"),
        (OWN.replace('("no", "yes")', "(0, 1)"), r"TASK\.labels: \(0, 1\) is not allowed; give a tuple of texts"),
        (OWN.replace('("no", "yes")', '("no",)'), r"TASK\.labels: .* give at least two"),
        (OWN.replace('("en", "de", "sw")', '("en", "German")'), r"TASK\.languages: 'German' is not allowed"),
        (OWN.replace('"sw")', '"sw")\n    oops'), r"echo\.py:\d+: NameError"),
    ],
)
def test_a_task_file_that_does_not_do(
    own_task: Callable[[], Study], tmp_path: Path, content: str, message: str
) -> None:
    (tmp_path / "echo.py").write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        own_task()


def test_the_file_lies_beside_the_study(
    own_task: Callable[[], Study], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The working directory has another task of the same name."""
    config = plan(own_task())[0]
    study = (tmp_path / "own.yaml").read_text(encoding="utf-8")
    (tmp_path / "own.yaml").write_text(study.replace(str(tmp_path / "echo.py"), "echo.py"), encoding="utf-8")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "echo.py").write_text(OWN.replace('"no", "yes"', '"yes", "no"'), encoding="utf-8")
    monkeypatch.chdir(elsewhere)
    assert plan(own_task())[0].id == config.id
    assert own_task().title == "echo.py"
