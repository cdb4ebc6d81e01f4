"""``steadytune check``: a study's data as tables, and warnings."""

from pathlib import Path

import pytest

from harness.cli.main import main
from tests.helpers.data import folder_of

TEXT = """
task: pawsx
data: {data}
methods: [vanilla]
settings: [{{learning_rate: 1e-3, max_steps: 3, batch_size: 4, max_length: {length}}}]
seeds: [0]
targets: [de]
"""


def test_tables_and_warnings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = folder_of(tmp_path, "pawsx", **{"test-de": "Ann sah Bob und ging\tBob sah Ann\t0\nКот\tПёс\t0\n"})
    study = tmp_path / "s.yaml"
    study.write_text(TEXT.format(data=data, length=8), encoding="utf-8")
    assert main(["check", str(study)]) == 0
    shown = capsys.readouterr().out
    lines = shown.splitlines()
    assert next(line.split() for line in lines if line.startswith("train"))[:5] == ["train", "en", "2", "0", "50,"]
    assert "First of test de: <s> " in shown
    assert "Warning: train en and dev en have the same examples." in lines
    assert "Warning: all labels of test de are '0'." in lines
    assert any(line.endswith("have more than 8 sub-words, and lose their ends.") for line in lines)


def test_nothing_to_change(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "quickstart", "--languages", "de"]) == 0
    assert "No warnings.\n" in capsys.readouterr().out
