"""Estimates on this machine or on other hardware, with past trials converted to that hardware."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from harness.execution.costs.cost import Cost, estimated
from harness.execution.costs.hardware import Hardware as Hardware
from harness.execution.costs.hardware import RelativeSpeed, Timing, relative_speed, same
from harness.execution.costs.past import LOOKED_AT, Past
from harness.execution.resources import Resources
from harness.store.store import Store
from harness.study import TrialConfig

LEAST_HOURS = 0.01
"""Smallest printed number of GPU-hours above 0."""


@dataclass(frozen=True)
class Moved:
    """Past trials on some hardware, and the uncertainty of their speed there."""

    past: Sequence[Past]
    slower: float
    """Factor ≥ 1 by which the trials may take longer."""
    faster: float
    """Factor ≥ 1 by which the trials may be shorter."""
    source: str
    """The origin of the speeds, for messages."""


def estimated_on(
    trials: Sequence[TrialConfig],
    there: Moved,
    resources: Resources,
    hardware: Hardware | None = None,
    *,
    keep_weights: bool = False,
) -> Cost:
    """The cost of trials on this machine or on ``hardware``. ``there`` is the result of ``moved``.

    The range of seconds also covers the uncertainty of the hardware's speed.
    """
    import torch

    if hardware is None:
        gpus = torch.cuda.device_count() if resources.gpus != 0 else 0
        return estimated(trials, there.past, resources, gpus=gpus, keep_weights=keep_weights)
    cost = estimated(trials, there.past, resources, gpus=hardware.gpus, keep_weights=keep_weights)
    at_once = at_once_on(hardware, resources)
    return replace(cost, at_once=at_once, low=cost.low / there.faster, high=cost.high * there.slower)


def moved(past: Sequence[Past], hardware: Hardware | None, store: Store | None) -> Moved:
    """Past trials on ``hardware``: the trials that ran there, or else all trials at its relative speed.

    Without ``hardware``, for this machine, the past trials stay as they are. Raises ``UserError`` if the relative speed
    of a device is not known.
    """
    if hardware is None:
        return Moved(past, 1.0, 1.0, "")
    if there := [one for one in past if same(hardware, one.device)]:
        return Moved(there, 1.0, 1.0, f"measured on {hardware.name}")
    known = timings(store) if store is not None else []
    speeds = {(one.device, one.threads): relative_speed(hardware, one.device, one.threads, known) for one in past}
    scaled = [_scaled(one, speeds[one.device, one.threads]) for one in past]
    slower = max(speed.likely / speed.low for speed in speeds.values())
    faster = max(speed.high / speed.likely for speed in speeds.values())
    told = "; ".join(
        f"one {hardware.name} is taken as {two_digits(speed.low)} to {two_digits(speed.high)} "
        f"times as fast as {device}, from {speed.source}"
        for (device, _), speed in speeds.items()
    )
    return Moved(scaled, slower, faster, told)


def timings(store: Store) -> list[Timing]:
    """The speeds of a store's trials of one process; at most ``LOOKED_AT`` of them."""
    found = []
    for record in store.records(store.ids()[:LOOKED_AT]).values():
        if record.config.get("processes", 1) > 1:
            continue
        identity = record.identity
        setting = (identity.setting.get("batch_size"), identity.setting.get("max_length"))
        work = (identity.task, identity.encoder_revision, identity.precision, identity.method.get("name"), setting)
        origin = record.provenance
        found.append(Timing(work, origin.device, origin.threads, record.cost.tokens_per_second))
    return found


def at_once_on(hardware: Hardware, resources: Resources) -> int:
    """Number of trials that run at once on the hardware. A machine with GPUs is assumed to have enough cores."""
    if resources.local:
        return 1
    if not hardware.gpus:
        return max(1, hardware.count // resources.cores)
    share = resources.gpus or 1.0
    return max(1, int(hardware.gpus / share + 1e-9))


def gpu_hours(low: float, high: float) -> str:
    """A range of GPU-hours, rounded to two significant digits and written without an exponent."""
    if high < LEAST_HOURS:
        return f"less than {LEAST_HOURS}"
    return " to ".join(dict.fromkeys(two_digits(hours) if hours >= LEAST_HOURS else "0" for hours in (low, high)))


def two_digits(value: float) -> str:
    """A number rounded to two significant digits and written without an exponent, such as 1,600 or 0.021."""
    return f"{Decimal(f'{value:.2g}'):,f}"


def _scaled(one: Past, speed: RelativeSpeed) -> Past:
    """A past trial at another speed. The preparation takes as long as before, because CPU and disk do it."""
    return replace(
        one,
        training=one.training / speed.likely,
        evaluation=one.evaluation / speed.likely,
        tokens=one.tokens * speed.likely,
    )
