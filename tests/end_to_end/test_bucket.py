"""A store in a bucket, on a real S3 server in its own process: trials' files, another process's view, and garbage."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("s3fs")
pytest.importorskip("moto.server")
pytestmark = pytest.mark.slow

from tests.helpers.store_files import STUDY

ACCESS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
MADE = """
import s3fs
s3fs.S3FileSystem().mkdir("bucket")
"""


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Environment with a server that has an empty bucket, and a home of its own for this node's cache."""
    server = subprocess.Popen(
        [sys.executable, "-c", "from moto.server import main; main(['-H', '127.0.0.1', '-p', '0'])"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert server.stdout is not None
    address = next(found.group() for line in server.stdout if (found := re.search(r"http://127\.0\.0\.1:\d+", line)))
    made = {**os.environ, **ACCESS, "AWS_ENDPOINT_URL": address, "HOME": str(tmp_path / "home")}
    subprocess.run([sys.executable, "-c", MADE], env=made, check=True)
    yield made
    server.kill()
    server.communicate()


SEEN = """
import s3fs

from harness.store.store import Store
from tests.helpers.stores import result
from tests.helpers.studies import CONFIG

mine = Store("s3://bucket/seen")
s3fs.S3FileSystem.clear_instance_cache()
other = Store("s3://bucket/seen")  # with a file system of its own, as in another process
assert mine.fs is not other.fs

file = f"trials/{CONFIG.id}/result.json"
assert mine.ids() == mine.studies() == mine.names("nowhere") == []
assert not mine.exists(file) and not mine.has("fisher/x.safetensors") and mine.record(CONFIG.id) is None
other.save(CONFIG, result())
other.write("fisher/x.safetensors", b"x")
assert mine.ids() == [CONFIG.id] and mine.exists(file) and mine.has("fisher/x.safetensors")
assert mine.has_tables(mine.record(CONFIG.id)) and mine.bytes_of(CONFIG.id) > 1000
assert list(mine.standing([CONFIG], files=True).finished) == [CONFIG.id]
other.write(f"trials/{'f' * 16}/failure.json", b"{}")
other.write("fisher/y.safetensors", b"y")
assert mine.ids() == [CONFIG.id, "f" * 16]  # though it has listed those folders before
assert mine.has("fisher/y.safetensors")

for garbage in (b"{", b"[]"):
    other.write(file, garbage)
    assert mine.record(CONFIG.id) is None
    mine.repair()
broken = [name for name in other.names(f"trials/{CONFIG.id}") if "broken" in name]
assert broken == ["result.json.broken-1", "result.json.broken-2"], broken
mine.write(file, b"{")
assert mine.record(CONFIG.id) is None
other.save(CONFIG, result())
mine.repair()  # the other has mended it: it stays
assert mine.record(CONFIG.id) is not None
other.remove(f"trials/{CONFIG.id}")
assert mine.ids() == ["f" * 16]
"""


def test_what_another_process_writes_is_seen_and_garbage_is_set_aside(environment: dict[str, str]) -> None:
    done = subprocess.run([sys.executable, "-c", SEEN], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("change", "place", "message"),
    [
        (
            {},
            "s3://nowhere/store",
            "store: 's3://nowhere/store' cannot be written: The specified bucket does not exist",
        ),
        (
            dict.fromkeys(list(ACCESS)[:2]),
            "s3://bucket/store",
            "store: 's3://bucket/store' cannot be read: Unable to locate credentials",
        ),
    ],
)
def test_a_bucket_that_cannot_be_used_gets_one_message(
    environment: dict[str, str], cut: Path, tmp_path: Path, change: dict[str, None], place: str, message: str
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(STUDY.format(cut=cut, steps=2, seeds=[0]), encoding="utf-8")
    command = [sys.executable, "-m", "harness.cli", "run", str(file), "--local", "--store", place]
    changed = {name: value for name, value in environment.items() if name not in change}
    done = subprocess.run(command, env=changed, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (2, f"steadytune: {message}\n")


def test_a_study_in_a_bucket_runs_once_and_is_reported(environment: dict[str, str], cut: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    text = STUDY.format(cut=cut, steps=2, seeds=[0]).replace(
        "[vanilla]", "[{name: ewc, strength: 1, examples: 2, languages: [de]}]"
    )
    file.write_text(text, encoding="utf-8")

    def steadytune(*arguments: str, code: int = 0) -> str:
        command = [sys.executable, "-m", "harness.cli", *arguments, "--store", "s3://bucket/store"]
        done = subprocess.run(
            command, env={**environment, "PYTHONPATH": str(Path.cwd())}, cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    assert "[1 done, 0 running, 0 failed, 0 left]" in steadytune(
        "run", str(file), "--local", "--no-report", "--keep-weights"
    )
    assert "1 finished before, 0 failed before, 0 to run" in steadytune("run", str(file), "--local", "--no-report")
    assert "report: steadytune-reports/mine/report.html" in steadytune("report", "mine")
    lost = (
        "import s3fs; fs = s3fs.S3FileSystem(); (f,) = fs.glob('bucket/store/trials/*/result.json'); "
        "fs.pipe_file(f, b'{')"
    )
    subprocess.run([sys.executable, "-c", lost], env=environment, check=True)
    out = steadytune("run", str(file), "--local", "--no-report")
    assert "result.json.broken-1" in out
    assert "[1 done, 0 running, 0 failed, 0 left]" in out
