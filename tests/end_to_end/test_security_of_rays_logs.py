"""Ray's logs, which every user of the machine can read, contain no secret."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.helpers.passwords import SECRETS

ONE = """
task: udpos
data: {cut}
encoder: {cut}/encoder
methods: [vanilla]
settings: [{{learning_rate: 1e-3, max_steps: 2, batch_size: 8}}]
seeds: [0]
targets: [de]
"""


@pytest.mark.usefixtures("one_worker")
@pytest.mark.slow
def test_no_secret_is_in_rays_logs(cut: Path, tmp_path: Path) -> None:
    """The logs are readable by every user of the machine."""
    (tmp_path / "small.yaml").write_text(ONE.format(cut=cut), encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "harness.cli",
        "run",
        str(tmp_path / "small.yaml"),
        "--no-report",
        "--store",
        str(tmp_path / "store"),
    ]
    with tempfile.TemporaryDirectory(dir="/tmp") as place:  # the names of Ray's sockets must be short
        done = subprocess.run(
            command, env={**os.environ, **SECRETS, "RAY_TMPDIR": place}, capture_output=True, text=True, timeout=200
        )
        assert done.returncode == 0, done.stdout + done.stderr
        logs = [file.read_bytes() for file in Path(place).rglob("*") if file.is_file()]
    assert any(b"Creating runtime env" in log for log in logs)
    for word in SECRETS.values():
        assert not [log for log in logs if word.encode() in log]
        assert word not in done.stdout + done.stderr
