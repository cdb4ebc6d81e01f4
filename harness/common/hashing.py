"""Content hashes, which name trials, data, encoders and Fisher diagonals."""

import hashlib
import json
from pathlib import Path

from harness.common.errors import UserError


def digest(content: object) -> str:
    """First 16 hex digits of the SHA-256 of the canonical JSON of ``content``."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def check_unchanged(what: str, found: str, planned: str) -> None:
    """Refuse an input that changed between a trial's planning and its run: the trial's id would be wrong."""
    if found != planned:
        raise UserError(
            f"{what} changed since the study was planned ({found}, planned {planned}); run the study again, with "
            "--retry-failed"
        )


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
