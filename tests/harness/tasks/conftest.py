"""Fixtures for tasks: a user's own task."""

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.study import Study
from tests.helpers.own_task import OWN

OWN_STUDY = """
task: {task}
data: {data}
encoder: {encoder}
methods: [vanilla, {{name: l2, strength: 0.1}}]
settings: [{{learning_rate: 1e-3, max_steps: 2, batch_size: 4}}]
seeds: [0]
targets: all
"""


@pytest.fixture
def own_task(encoder: str, tmp_path: Path) -> Callable[[], Study]:
    """A user's task file and its data. Returns a function that makes a study with them."""
    task = tmp_path / "echo.py"
    task.write_text(OWN, encoding="utf-8")
    folder = tmp_path / "data" / "echo"
    folder.mkdir(parents=True)
    for name in ("train-en", "dev-en", "test-en", "test-de", "test-sw"):
        (folder / f"{name}.tsv").write_text("a b\ta b\tyes\na b\tb c\tno\n" * 4, encoding="utf-8")
    (tmp_path / "own.yaml").write_text(
        OWN_STUDY.format(task=task, data=tmp_path / "data", encoder=encoder), encoding="utf-8"
    )

    def load() -> Study:
        import search_spaces

        return search_spaces.load(str(tmp_path / "own.yaml"))

    return load
