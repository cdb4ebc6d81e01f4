"""Provenance of a result: versions, code, device. No environment variable is read."""

import platform
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from harness import ROOT
from harness.common.hashing import digest, file_digest

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
    """The state of the code's Git checkout."""

    commit: str
    dirty: bool
    """Whether it has uncommitted changes."""


@dataclass(frozen=True, kw_only=True)
class Software:
    """The code that computes a result."""

    packages: dict[str, str]
    """Versions by package."""
    git: Git | None
    """``None`` if the code is an installed package or Git does not answer."""
    code: str = ""
    """Content hash of the package ``harness``; empty in records of older versions."""


@dataclass(frozen=True, kw_only=True)
class Provenance(Software):
    """Software and machine of a result.

    ``device`` is the GPU's name, or ``cpu`` with the instructions that torch uses. ``threads`` counts torch's CPU
    threads.
    """

    python: str
    platform: str
    device: str
    threads: int
    processor: str = ""
    """Kind of the machine's processor; empty in records of older versions."""


@lru_cache(maxsize=1)
def software() -> Software:
    """Package versions, the hash of the code and, in a checkout, its commit and dirty flag.

    None of the packages is imported.
    """
    packages = {name: found for name in PACKAGES if (found := _version(name))}
    return Software(packages=packages, git=_git(), code=_code())


@lru_cache(maxsize=1)
def provenance() -> Provenance:
    """The software and machine of this process."""
    import torch

    cuda = torch.cuda.is_available()
    return Provenance(
        **vars(software()),
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        device=torch.cuda.get_device_name() if cuda else f"cpu ({torch.backends.cpu.get_cpu_capability()})",
        threads=torch.get_num_threads(),
        processor=_processor(),
    )


def _code() -> str:
    """Hash of the code, because edited code keeps its version number."""
    return digest([(str(file.relative_to(ROOT)), file_digest(file)) for file in sorted(ROOT.rglob("*.py"))])


def _processor() -> str:
    """Kind of processor; another kind rounds differently."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


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
