"""Fisher diagonals on disk. A file is named by the content of its inputs, computed once and shared by trials."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from harness.common import files
from harness.common.errors import UserError
from harness.common.filesystem import PART, replacing
from harness.common.hashing import check_unchanged, digest
from harness.common.quarantine import quarantine
from harness.data import corpus
from harness.data.origin import Origin
from harness.encoders import loading, spm_normalisation
from harness.encoders.pinning import Encoder
from harness.fisher.diagonal import diagonal
from harness.fisher.windows import MASKED_SHARE, WINDOW, windows
from harness.methods.fisher_estimate import Estimate
from harness.store.heartbeats import Progress
from harness.study import NUMERICS, TrialConfig

IDENTITY = "identity"
"""Metadata key of the identity of a file's diagonal."""
SUM = "sha256"
"""Metadata key of the hash of a file's numbers."""


@dataclass(frozen=True)
class Request:
    """One diagonal: the inputs of its estimate, and their fingerprints when the study was planned."""

    encoder: Encoder
    estimate: Estimate
    origin: Origin
    texts: tuple[tuple[str, str], ...]
    """Languages and the fingerprints of their passages."""

    @property
    def identity(self) -> dict[str, Any]:
        """All values that can change the diagonal. Locations of the encoder and the text are not among them."""
        given = asdict(self.estimate)
        options = {name: value for name, value in given.items() if name not in ("text", "column", "languages")}
        return {
            "numerics": NUMERICS,
            "encoder": spm_normalisation.identity(self.encoder),
            "texts": [list(text) for text in self.texts],
            "window": WINDOW,
            "masked_share": MASKED_SHARE,
            **options,
        }

    @property
    def id(self) -> str:
        """The id of the diagonal's heartbeats."""
        return f"fisher-{Path(self.name).stem}"

    @property
    def label(self) -> str:
        """The diagonal in words."""
        return f"Fisher information {'+'.join(self.estimate.languages)}"

    @property
    def name(self) -> str:
        """The file's name within a cache or store."""
        return f"fisher/{digest(self.identity)}.safetensors"


def request(encoder: Encoder, estimate: Estimate, origin: Origin, texts: Mapping[str, str]) -> Request:
    """The request for an estimate; ``texts`` has the fingerprint of each language's passages."""
    return Request(encoder, estimate, origin, tuple((language, texts[language]) for language in estimate.languages))


def requests(config: TrialConfig, encoder: Encoder, origin: Origin) -> list[Request]:
    """The diagonals that a trial needs, in the order of its method's estimates."""
    return [request(encoder, estimate, origin, config.texts) for estimate in config.method.estimates()]


class Diagonal(Mapping[str, Tensor]):
    """The tensors of a file by parameter name within the body.

    Each tensor is read when it is asked for, so the whole diagonal is never held in memory.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        with safe_open(file, "pt") as opened:
            self._names = tuple(opened.keys())

    def __getitem__(self, name: str) -> Tensor:
        if name not in self._names:
            raise KeyError(name)
        with safe_open(self.file, "pt") as opened:
            found: Tensor = opened.get_tensor(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def is_stored(request: Request, cache: Path) -> bool:
    """Whether a cache has a request's diagonal whole.

    Raises ``UserError`` if the file of that name has another estimate.
    """
    file = cache / request.name
    try:
        found = _identity(file)
    except (OSError, SafetensorError, ValueError):  # missing or broken
        return False
    if found != request.identity:
        differing = [
            f"{key} {found[key]!r} instead of {value!r}"
            for key, value in request.identity.items()
            if found.get(key, value) != value
        ]
        what = ", ".join(differing) or "its estimate is not named"
        raise UserError(f"fisher: {file} belongs to another estimate ({what}); delete it, and it is computed again")
    return True


def _identity(file: Path) -> dict[str, Any]:
    """The identity in a file's metadata. Raises ``ValueError`` if the file's numbers have changed."""
    return _whole(file, files.state(file))


@lru_cache(maxsize=256)
def _whole(file: Path, state: tuple[int, ...] | None) -> dict[str, Any]:
    """``_identity`` of a file in a given state. Reading is slow, so it is done once per process and state."""
    with safe_open(file, "pt") as opened:
        metadata = opened.metadata() or {}
        found = json.loads(metadata.get(IDENTITY, "{}"))
    # Files of older versions have no hash; a complete file is accepted.
    if not isinstance(found, dict) or metadata.get(SUM, "") not in ("", _sum(Diagonal(file))):
        raise ValueError("its numbers differ from the written ones")
    return found


def _sum(values: Mapping[str, Tensor]) -> str:
    """SHA-256 of the names and numbers of a diagonal."""
    found = hashlib.sha256()
    for name in sorted(values):
        found.update(name.encode())
        found.update(values[name].contiguous().numpy().tobytes())
    return found.hexdigest()


def stored(request: Request, cache: Path, progress: Progress | None = None) -> Diagonal:
    """A request's diagonal from the cache, computed first if it is missing. A broken file goes to quarantine.

    Another process that needs the diagonal at the same time waits. Raises ``UserError`` if the text has changed since
    the study was planned, or if the file has another estimate.
    """
    file = cache / request.name
    if not is_stored(request, cache):
        file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(file.with_suffix(".lock")):
            if not is_stored(request, cache):
                values = _computed(request, progress or Progress())
                if file.exists():
                    quarantine(file)
                save(request, values, cache)
    return Diagonal(file)


def save(request: Request, values: dict[str, Tensor], cache: Path) -> None:
    """Write a request's diagonal into a cache."""
    file = cache / request.name
    with replacing(file, file.with_suffix(PART)) as part:
        save_file(values, part, metadata={IDENTITY: json.dumps(request.identity), SUM: _sum(values)})


def _computed(request: Request, progress: Progress) -> dict[str, Tensor]:
    texts = corpus.fingerprints(request.estimate, request.origin)
    for language, planned in request.texts:
        check_unchanged(f"data: the text for {language!r}", texts[language], planned)
    model = loading.masked_language_model(request.encoder)
    examples = windows(request.encoder, request.estimate, request.origin)
    body: nn.Module = model
    body.to("cuda" if torch.cuda.is_available() else "cpu")
    try:
        found = diagonal(model, examples, request.estimate.estimator, progress)
        return {name: value.cpu() for name, value in found.items()}
    finally:
        body.to("cpu")  # stays loaded for the next language, but off the trials' GPU
