"""Hardware in words such as ``8 A100``, and its speed relative to another device.

A training step is bound by arithmetic or by memory (the roofline model: Williams et al., 2009). So the ratio of two
devices' speeds lies between the ratio of their memory rates and the ratio of their arithmetic rates. A small encoder
with small batches gains less from a faster GPU, because the GPU then waits for the CPU.
"""

import re
import statistics
from collections.abc import Collection, Hashable, Iterable
from dataclasses import dataclass
from math import sqrt

from harness.common.errors import bad, unknown

CORE = "core"
"""Name of one core of a CPU."""
PEAKS = {
    CORE: (0.1, 10.0),
    "V100": (125, 900),
    "T4": (65, 320),
    "A10": (125, 600),
    "A10G": (70, 600),
    "A30": (165, 933),
    "A40": (150, 696),
    "A100": (312, 1555),
    "A100 80GB": (312, 2039),
    "A800": (312, 2039),
    "L4": (121, 300),
    "L40": (181, 864),
    "L40S": (362, 864),
    "RTX 3090": (71, 936),
    "RTX 4090": (165, 1008),
    "RTX A6000": (155, 768),
    "RTX 6000 Ada": (364, 960),
    "H100": (989, 3350),
    "H100 PCIe": (756, 2000),
    "H100 NVL": (835, 3900),
    "H200": (989, 4800),
    "GH200": (989, 4000),
    "B200": (2250, 8000),
    "MI250X": (383, 3277),
    "MI300X": (1307, 5300),
}
"""Arithmetic (10¹² dense 16-bit operations with 32-bit sums a second) and memory rate (10⁹ bytes a second).

The figures are peaks from the makers' data sheets (NVIDIA, AMD; figures for sparse matrices are halved). The arithmetic
of a CPU core is 3 GHz × 16 lanes × 2 operations with 32 bits. Its memory rate is its share of a server's channels.
"""
TABLE = "peak rates of arithmetic and memory in the makers' data sheets"
MAKERS = {"nvidia", "amd", "instinct", "tesla", "geforce", "gpu", "gpus"}
COUNTED = re.compile(r"(?:(\d+)\s*[x×*]?\s+|(\d+)[x×*])?(.+)", re.IGNORECASE)


@dataclass(frozen=True)
class Hardware:
    """A number of devices of one kind."""

    count: int
    name: str
    """A key of ``PEAKS``, or a device that the store knows."""

    @property
    def gpus(self) -> int:
        """Number of GPUs; 0 for CPU cores."""
        return 0 if self.name == CORE else self.count

    def __str__(self) -> str:
        return f"{self.count} {self.name}{'s' * (self.name == CORE and self.count > 1)}"


@dataclass(frozen=True)
class Timing:
    """The speed of one finished training."""

    work: Hashable
    """Factors of the speed besides the device: task, encoder, method, batch size, length, precision."""
    device: str
    """The device's name in records."""
    threads: int
    tokens_per_second: float


@dataclass(frozen=True)
class RelativeSpeed:
    """The speed of one device divided by the speed of another: the likely value and its range."""

    low: float
    likely: float
    high: float
    source: str
    """The origin of the figures, for messages."""


def on(text: str, devices: Collection[str] = (), gpus: float | None = None) -> Hardware:
    """The hardware of a text such as ``8 A100``, ``4x H100 PCIe``, ``L4`` or ``64 cores``.

    ``devices`` are further allowed names, from records. ``gpus`` is the number of GPUs of each trial; ``None`` for the
    default. Raises ``UserError`` for an unknown name, a number below 1, or GPUs for trials that use none.
    """
    found = COUNTED.fullmatch(text.strip())
    if found is None:
        raise bad("--on", text, "a number and a kind of device, e.g. '8 A100' or '64 cores'")
    count, given = int(found[1] or found[2] or 1), found[3].strip()
    if count < 1:
        raise bad("--on", text, "a number of at least 1, e.g. '8 A100'")
    same = [device for device in devices if device.lower() == given.lower() and kind(device) != CORE]
    name = same[0] if same else kind(given)
    if name is None:
        raise unknown("--on", given, [*PEAKS, *devices])
    hardware = Hardware(count, name)
    if hardware.gpus and gpus == 0:
        raise bad("--on", text, "a number of cores with --gpus-per-trial 0, e.g. '64 cores'")
    return hardware


def kind(device: str) -> str | None:
    """The entry of ``PEAKS`` for a device as torch or a person names it, e.g. ``NVIDIA A100-SXM4-40GB``.

    ``None`` if there is none.
    """
    words = _words(device)
    if words & {"cpu", "core", "cores"}:
        return CORE
    return max((name for name in PEAKS if _words(name) <= words), key=lambda name: len(_words(name)), default=None)


def relative_speed(hardware: Hardware, device: str, threads: int, timings: Iterable[Timing] = ()) -> RelativeSpeed:
    """The speed of one device of ``hardware``, relative to a record's ``device`` with its number of CPU ``threads``.

    The speed is measured if ``timings`` has the same work on both devices; otherwise it follows from ``PEAKS``. Raises
    ``UserError`` if neither knows the two devices.
    """
    if (found := _measured(hardware, device, threads, list(timings))) is not None:
        return found
    if same(hardware, device) and hardware.name != CORE:
        return RelativeSpeed(1.0, 1.0, 1.0, "the same device")
    here = kind(device)
    if here is None:
        raise unknown("--on: the speed of a device", device, PEAKS)
    wanted = kind(hardware.name)
    if wanted is None:
        raise unknown("--on", hardware.name, PEAKS)
    (arithmetic, memory), (there, traffic) = PEAKS[wanted], PEAKS[here]
    cores = threads if here == CORE else 1
    low, high = sorted((arithmetic / there / cores, memory / traffic / cores))
    return RelativeSpeed(low, sqrt(low * high), high, TABLE)


def same(hardware: Hardware, device: str) -> bool:
    """Whether a record's ``device`` is of the hardware's kind."""
    return device == hardware.name or kind(device) == hardware.name


def _measured(hardware: Hardware, device: str, threads: int, timings: list[Timing]) -> RelativeSpeed | None:
    """The ratios of median speeds for work that both devices have done."""
    there: dict[Hashable, list[float]] = {}
    here: dict[Hashable, list[float]] = {}
    for one in timings:
        if same(hardware, one.device) and (hardware.name != CORE or one.threads == 1):
            there.setdefault(one.work, []).append(one.tokens_per_second)
        if one.device == device and one.threads == threads:
            here.setdefault(one.work, []).append(one.tokens_per_second)
    ratios = [statistics.median(there[work]) / statistics.median(here[work]) for work in here if work in there]
    if not ratios:
        return None
    runs = sum(len(there[work]) for work in here if work in there)
    return RelativeSpeed(
        min(ratios),
        statistics.median(ratios),
        max(ratios),
        f"{runs} trial{'' if runs == 1 else 's'} of the store on {hardware.name}",
    )


def _words(name: str) -> set[str]:
    """The words of a device's name, without makers; memory sizes stay."""
    return {word for word in re.split(r"[^a-z0-9]+", name.lower()) if word} - MAKERS
