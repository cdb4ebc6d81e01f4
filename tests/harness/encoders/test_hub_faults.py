"""Files of an encoder from a hub that fails: a server of this machine that answers as the hub does."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ASKED = """
from harness.common.errors import UserError
from harness.encoders.encoder_files import located
from harness.encoders.pinning import Encoder

encoder = Encoder("someone/encoder", "0" * 40)
print(located(encoder, "tokenizer.json"))
for _ in range(2):
    try:
        print(located(encoder, "spm.model"))
    except UserError as error:
        print(error)
"""


class Failing(BaseHTTPRequestHandler):
    """No ``tokenizer.json``; the answer ``status`` for every other file."""

    status, error = 501, ""

    def do_HEAD(self) -> None:
        missing = self.path.endswith("tokenizer.json")
        self.send_response(404 if missing else self.status)
        self.send_header("X-Error-Code", "EntryNotFound" if missing else self.error)
        if missing:
            self.send_header("X-Repo-Commit", "0" * 40)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD

    def log_message(self, format: str, *_: object) -> None:
        """Nothing on standard error."""


@pytest.fixture(params=[(501, ""), (401, "RepoNotFound"), (403, "GatedRepo")])
def hub(request: pytest.FixtureRequest) -> Iterator[tuple[str, int]]:
    status, error = request.param
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Answering", (Failing,), {"status": status, "error": error}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", status
    server.shutdown()
    server.server_close()


def test_a_file_is_only_taken_as_missing_if_the_hub_says_so(hub: tuple[str, int], tmp_path: Path) -> None:
    """mDeBERTa's tokenizer, and so a trial's id, depend on its file spm.model."""
    address, status = hub
    asked = subprocess.run(
        [sys.executable, "-c", ASKED],
        env={**os.environ, "HF_ENDPOINT": address, "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "0"},
        capture_output=True,
        text=True,
        check=True,
    )
    advice = "try again" if status == 501 else "log in with 'hf auth login' and an account that may read it"
    refused = f"encoder: 'someone/encoder': the Hugging Face hub answers {status} when asked for spm.model; {advice}"
    assert asked.stdout.splitlines() == ["None", refused, refused]


def test_without_a_hub_and_a_copy_a_file_is_missing(tmp_path: Path) -> None:
    asked = subprocess.run(
        [sys.executable, "-c", ASKED],
        env={**os.environ, "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert asked.stdout.splitlines() == ["None"] * 3
