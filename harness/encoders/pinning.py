"""Pretrained encoders and their pinned revisions.

An encoder is the embedded default, a name on the Hugging Face hub, or a folder.
"""

import difflib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from harness import embedded
from harness.common import files
from harness.common.errors import UserError, bad
from harness.common.hashing import check_unchanged, digest, file_digest

MODEL_SUFFIXES = (".json", ".safetensors", ".bin", ".model", ".txt", ".py")


@dataclass(frozen=True)
class Encoder:
    """The arguments of ``from_pretrained``, and the identity of the files that it loads."""

    path: str
    """Folder or hub name."""
    revision: str
    """The hub's commit, or ``sha256:`` and the hash of the folder's files."""

    @property
    def loading(self) -> dict[str, str]:
        """Keyword arguments for ``from_pretrained`` that pin the revision."""
        return {} if self.revision.startswith("sha256:") else {"revision": self.revision}


@lru_cache(maxsize=16)
def find(name: str) -> Encoder:
    """Resolve an encoder's name: ``embedded``, a folder with a ``config.json``, or a name on the Hugging Face hub.

    Raises ``UserError`` if there is no such folder or name, or if the hub cannot be reached and no copy is here.
    """
    directory = embedded.ENCODER if name == "embedded" else files.directory("encoder", name)
    if directory is not None:
        if not (directory / "config.json").is_file():
            raise bad("encoder", name, "a folder with a config.json, as save_pretrained writes it")
        parts = sorted(f for f in directory.iterdir() if f.suffix in MODEL_SUFFIXES and f.is_file())
        return Encoder(str(directory), f"sha256:{digest([(f.name, file_digest(f)) for f in parts])}")
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        config = Path(hf_hub_download(name, "config.json"))
    except HFValidationError:
        raise bad("encoder", name, "'embedded', a folder that exists, or a name on the Hugging Face hub") from None
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        near = difflib.get_close_matches(name, ["embedded"], n=1)
        guess = f". Did you mean {near[0]!r}?" if near else ""
        raise UserError(
            f"encoder: {name!r} is not a folder, and the Hugging Face hub did not return it{guess or f': {reason}'}"
        ) from None
    return Encoder(name, config.parent.name)


def pinned(name: str, revision: str) -> Encoder:
    """The encoder of a name at exactly this revision, even if the hub has a newer revision.

    Raises ``UserError`` if the files of a folder have changed since this revision.
    """
    if not revision.startswith("sha256:"):
        return Encoder(name, revision)
    found = find(name)
    check_unchanged(f"encoder: {name!r}", found.revision, revision)
    return found
