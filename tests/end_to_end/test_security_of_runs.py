"""The files and output of a run contain no secret."""

from pathlib import Path

import pytest

from harness.cli.main import main
from harness.store.store import Store
from tests.helpers.passwords import PASSWORD, SECRETS

TELLING = f"""
from harness.tasks.udpos import Udpos


class Telling(Udpos):
    name = "telling"

    def relabelled(self, rows, gold):
        raise OSError("https://somebody:{PASSWORD}@example.org/x cannot be reached")


TASK = Telling()
"""
ONE_FAILS = """
task: {folder}/telling.py
data: {folder}/data
methods: [vanilla, {{name: l2, strength: 0.01, settings: [{{learning_rate: 1e-3, max_steps: 2, label_noise: 0.1}}]}}]
settings: [{{learning_rate: 1e-3, max_steps: 2, batch_size: 8}}]
seeds: [0]
targets: [de]
"""


@pytest.mark.slow
def test_no_secret_is_in_anything_that_a_run_writes(
    cut: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "telling").symlink_to(cut / "udpos")
    (tmp_path / "telling.py").write_text(TELLING, encoding="utf-8")
    (tmp_path / "secret.yaml").write_text(ONE_FAILS.format(folder=tmp_path), encoding="utf-8")
    place = tmp_path / "store"
    assert main(["run", str(tmp_path / "secret.yaml"), "--local", "--keep-weights", "--store", str(place)]) == 1
    _, trials = Store(place).study("secret")
    assert len(Store(place).records(trial.id for trial in trials)) == 1
    (failure,) = Store(place).failures(trial.id for trial in trials).values()
    assert failure.error.startswith("OSError: https://***@example.org/x cannot be reached (")
    assert "Traceback" in failure.traceback
    told = "".join(capfd.readouterr())
    for word in (*SECRETS.values(), PASSWORD):
        assert word not in told
        assert [file for file in place.rglob("*") if file.is_file() and word.encode() in file.read_bytes()] == []
