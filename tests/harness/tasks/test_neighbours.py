"""A user's task imports the modules beside it, which are part of its code. Nothing else is imported from there."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.common.errors import UserError
from harness.execution.plan import plan
from harness.study import Study
from harness.tasks import task_named
from tests.helpers.own_task import OWN

LABELS = (
    'from words import LABELS\nfrom more.words import MORE\n\nassert "datasets" in __import__("datasets").__file__\n'
)


@pytest.fixture
def with_neighbours(own_task: Callable[[], Study], tmp_path: Path) -> Callable[[], Study]:
    """The user's task takes its labels from a module, and more from a package."""
    (tmp_path / "echo.py").write_text(LABELS + OWN.replace('("no", "yes")', "LABELS + MORE"), encoding="utf-8")
    (tmp_path / "words.py").write_text('LABELS = ("no", "yes")\n')
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "__init__.py").write_text("")
    (tmp_path / "more" / "words.py").write_text("MORE = ()\n")
    (tmp_path / "datasets.py").write_text("raise RuntimeError('imported from beside the task')\n")
    return own_task


def test_a_task_is_made_of_its_neighbours_and_an_edit_of_one_is_another_trial(
    with_neighbours: Callable[[], Study], tmp_path: Path
) -> None:
    study = with_neighbours()
    before, modules, places = plan(study)[0].id, set(sys.modules), list(sys.path)
    assert plan(study)[0].id == before
    for name, content in (("words.py", 'LABELS = ("yes", "no", "?")\n'), ("more/words.py", 'MORE = ("!",)\n')):
        (tmp_path / name).write_text(content)
        assert plan(with_neighbours())[0].id != before
        before = plan(with_neighbours())[0].id
    assert task_named(str(tmp_path / "echo.py")).labels == ("yes", "no", "?", "!")
    assert "words" not in sys.modules
    assert {name for name in set(sys.modules) - modules if not name.startswith("harness.")} == set()
    assert sys.path == places


def test_a_task_without_neighbours_has_the_id_that_it_had(own_task: Callable[[], Study], tmp_path: Path) -> None:
    (tmp_path / "words.py").write_text("not imported")
    assert plan(own_task())[0].task_code == "4c6a8fc07658097d"


def test_neighbours_of_the_same_name_do_not_mix(with_neighbours: Callable[[], Study], tmp_path: Path) -> None:
    study = with_neighbours()
    other = tmp_path / "other"
    other.mkdir()
    (other / "echo.py").write_text((tmp_path / "echo.py").read_text())
    with pytest.raises(UserError, match=r"other/echo.py:1: ModuleNotFoundError: No module named 'words'"):
        plan(replace(study, task=str(other / "echo.py")))
    (other / "words.py").write_text('LABELS = ("only", "here")\n')
    (other / "more").mkdir()
    (other / "more" / "__init__.py").write_text("")
    (other / "more" / "words.py").write_text("MORE = ()\n")
    assert task_named(str(other / "echo.py")).labels == ("only", "here")
    assert task_named(str(tmp_path / "echo.py")).labels == ("no", "yes")


def test_the_id_is_the_same_from_the_tasks_own_folder(with_neighbours: Callable[[], Study], tmp_path: Path) -> None:
    code = "from harness.tasks import code_fingerprint; print(code_fingerprint('echo.py'))"
    (tmp_path / "datasets.py").unlink()
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == plan(with_neighbours())[0].task_code
