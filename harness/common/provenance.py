"""Where a result comes from: versions, code, device. Nothing from the environment's variables is read."""

import platform
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version

from harness import ROOT

PACKAGES = (
    "steadytune",
    "torch",
    "transformers",
    "tokenizers",
    "datasets",
    "accelerate",
    "peft",
    "ray",
    "numpy",
    "seqeval",
)


@dataclass(frozen=True)
class Git:
    """The state of the checkout that the code is in."""

    commit: str
    dirty: bool
    """Whether it has uncommitted changes."""


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where a result comes from."""

    python: str
    platform: str
    packages: dict[str, str]
    """Versions by package."""
    git: Git | None
    """``None`` where the code is an installed package."""
    device: str
    threads: int


@lru_cache(maxsize=1)
def provenance() -> Provenance:
    """Versions of Python and the packages, the code's git commit and dirty flag where it is a checkout, and the
    device."""
    import torch

    cuda = torch.cuda.is_available()
    return Provenance(
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        packages={name: found for name in PACKAGES if (found := _version(name))},
        git=_git(),
        device=torch.cuda.get_device_name() if cuda else f"cpu ({torch.backends.cpu.get_cpu_capability()})",
        threads=torch.get_num_threads(),
    )


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _git() -> Git | None:
    if not (ROOT.parent / ".git").exists():
        return None
    try:
        commit = subprocess.run(
            ["git", "-C", str(ROOT), "rev-parse", "HEAD"], capture_output=True, text=True, check=True, timeout=5
        )
        status = subprocess.run(
            ["git", "-C", str(ROOT), "status", "--porcelain"], capture_output=True, text=True, check=True, timeout=5
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return Git(commit.stdout.strip(), bool(status.stdout.strip()))
