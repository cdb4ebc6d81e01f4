"""Scores do not depend on how a study is started: working directory, variables, cores."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import pytest

from harness.cli.main import main
from tests.helpers.passwords import SECRETS

ROOT = Path(__file__).parents[2]
SCRIPT = """
import sys
from harness.cli.main import main
sys.exit(main())
"""
"""The console script, as written by pip. Unlike ``-m`` it does not import from the working directory."""
STUDY = """
task: udpos
data: {cut}
encoder: {cut}/encoder
methods: [vanilla]
settings: [{{learning_rate: 1e-3, max_steps: 3, batch_size: 4}}]
seeds: [0, 1]
targets: [de]
"""
LEFT = {
    "ACCELERATE_MIXED_PRECISION": "bf16",
    "ACCELERATE_USE_DEEPSPEED": "true",
    "WORLD_SIZE": "2",
    "RANK": "1",
    "LOCAL_RANK": "1",
    "MASTER_ADDR": "127.0.0.1",
    "MASTER_PORT": "29512",
    "ONEDNN_DEFAULT_FPMATH_MODE": "BF16",
    "ATEN_CPU_CAPABILITY": "default",
    "MKL_CBWR": "COMPATIBLE",
    "OMP_DYNAMIC": "true",
}


class Place(NamedTuple):
    """A folder with a study, and the console script beside it."""

    folder: Path
    script: Path
    store: Path

    def run(self, *options: str, before: tuple[str, ...] = (), **variables: str) -> bytes:
        """Run the study; returns all that it printed."""
        kept = ["--store", str(self.store), "--no-report"]
        command = [*before, sys.executable, str(self.script), "run", "../study.yaml", *kept, *options]
        found = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
        done = subprocess.run(command, cwd=self.folder, env=found, capture_output=True, timeout=500)
        printed = done.stdout + done.stderr
        assert done.returncode == 0, printed.decode(errors="replace")[-3000:]
        return printed

    def results(self) -> dict[str, tuple[float, float, object]]:
        """Start, end and scores of each trial, by id."""
        found = {}
        for file in self.store.glob("trials/*/result.json"):
            record, ended = json.loads(file.read_text()), file.stat().st_mtime
            found[record["id"]] = ended - record["cost"]["seconds"], ended, record["scores"]
        return found

    def scores(self) -> dict[str, object]:
        return {trial: scores for trial, (_, _, scores) in self.results().items()}


@pytest.fixture
def place(cut: Path, tmp_path: Path) -> Place:
    """A working directory that must not be imported from: it has a clone with changed code, and names of libraries."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "steadytune").write_text(SCRIPT)
    (tmp_path / "study.yaml").write_text(STUDY.format(cut=cut))
    folder = tmp_path / "clone"
    shutil.copytree(ROOT / "harness", folder / "harness", ignore=shutil.ignore_patterns("__pycache__", "embedded"))
    with (folder / "harness/training/building.py").open("a") as file:
        file.write("\nWINDOWS = 1\nraise RuntimeError('imported from the working directory')\n")
    for name in ("datasets.py", "peft.py", "analysis.py", "yaml.py", "queue.py"):
        (folder / name).write_text("raise RuntimeError('imported from the working directory')\n")
    return Place(folder, tmp_path / "bin" / "steadytune", tmp_path / "store")


@pytest.fixture(scope="module")
def expected(cut: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """The study's scores from an empty folder, in this process, with the environment unchanged."""
    home = tmp_path_factory.mktemp("plain")
    (home / "empty").mkdir()
    (home / "study.yaml").write_text(STUDY.format(cut=cut))
    plain = Place(home / "empty", home / "steadytune", home / "store")
    with contextlib.chdir(plain.folder):
        assert main(["run", "../study.yaml", "--local", "--store", str(plain.store), "--no-report"]) == 0
    assert len(plain.scores()) == 2
    return plain.scores()


def one_core() -> tuple[str, ...]:
    if shutil.which("taskset") is None:
        pytest.skip("needs taskset")
    return "taskset", "-c", str(min(os.sched_getaffinity(0)))


@pytest.mark.slow
def test_one_process_has_the_same_scores_anywhere(place: Place, expected: dict[str, object]) -> None:
    place.run("--local", before=one_core(), **LEFT)
    assert place.scores() == expected


@pytest.mark.slow
def test_ray_has_the_same_scores_anywhere_a_trial_a_core_and_no_secret_in_its_logs(
    place: Place, expected: dict[str, object]
) -> None:
    """Ray's logs lie where everybody on the machine can read them."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # the names of Ray's sockets must be short
        printed = place.run(before=one_core(), RAY_TMPDIR=folder, **LEFT, **SECRETS)
        logs = [file.read_bytes() for file in Path(folder).rglob("*") if file.is_file()]
    assert place.scores() == expected
    (_, ended, _), (began, _, _) = sorted(place.results().values(), key=lambda result: result[0])
    assert ended <= began + 1, "two trials ran at once on one core"
    assert any(b"Worker" in log for log in logs)
    assert not [log for log in logs if b"Creating runtime env" in log]  # it would list variables
    for word in map(str.encode, SECRETS.values()):
        assert not [log for log in logs if word in log]
        assert word not in printed
