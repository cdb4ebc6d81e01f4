"""Single files of an encoder in any location, and the detection of Git LFS pointers."""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from harness.common.errors import UserError
from harness.encoders.pinning import MODEL_SUFFIXES, Encoder

POINTER = b"version https://git-lfs.github.com/spec/"
"""First bytes of a Git LFS pointer, which stands for a file until Git LFS has fetched it."""


@lru_cache(maxsize=256)
def located(encoder: Encoder, name: str) -> Path | None:
    """A file of an encoder on this machine, downloaded if the encoder is on the hub.

    ``None`` if the encoder lacks the file, or if the hub cannot be reached and no copy is here. Raises ``UserError`` if
    the hub answers with another error, such as 401 or 503, because then the encoder may have the file.
    """
    if encoder.revision.startswith("sha256:"):
        file = Path(encoder.path) / name
        return file if file.is_file() else None
    from huggingface_hub import _CACHED_NO_EXIST, hf_hub_download, try_to_load_from_cache
    from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, HFValidationError, RemoteEntryNotFoundError

    try:
        # A commit never changes: a file that it lacked before is not asked for again.
        if try_to_load_from_cache(encoder.path, name, revision=encoder.revision) is _CACHED_NO_EXIST:
            return None
        return Path(hf_hub_download(encoder.path, name, revision=encoder.revision))
    except RemoteEntryNotFoundError:
        return None
    except (EntryNotFoundError, HfHubHTTPError, HFValidationError) as error:  # the first: no copy is here
        answer = error if isinstance(error, HfHubHTTPError) else error.__cause__
        if isinstance(answer, HfHubHTTPError):
            status = answer.response.status_code
            login = "log in with 'hf auth login' and an account that may read it"
            advice = {401: login, 403: login, 404: "check the name and its revision"}.get(status, "try again")
            raise UserError(
                f"encoder: {encoder.path!r}: the Hugging Face hub answers {status} when asked for {name}; {advice}"
            ) from None
        return None


@lru_cache(maxsize=64)
def config(encoder: Encoder) -> Mapping[str, Any]:
    """An encoder's ``config.json``, or an empty mapping if it is missing or broken.

    The loading of the model reports the fault later.
    """
    file = located(encoder, "config.json")
    try:
        found = json.loads(file.read_text(encoding="utf-8")) if file is not None else None
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def check_fetched(encoder: Encoder, suffixes: tuple[str, ...] = MODEL_SUFFIXES) -> None:
    """Refuse a folder in which a file with one of ``suffixes`` is a Git LFS pointer. Raises ``UserError``."""
    folder = Path(encoder.path)
    if not folder.is_dir():
        return
    files = sorted(file for file in folder.iterdir() if file.suffix in suffixes and file.is_file())
    if left := [file.name for file in files if _is_pointer(file)]:
        raise UserError(
            f"encoder: Git LFS has not fetched {', '.join(left)} in {encoder.path!r}; run 'git lfs pull' there"
        )


def _is_pointer(file: Path) -> bool:
    with file.open("rb") as opened:
        return opened.read(len(POINTER)) == POINTER
