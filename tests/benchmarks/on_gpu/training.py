"""Speed of a training, the places where its host waits, and a profile of real steps."""

import argparse
import re
import statistics
import time
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.on_gpu.sides import Build

PEAKS = {
    "H200": 989e12,
    "H100 NVL": 835e12,
    "H100 PCIe": 756e12,
    "H100": 989e12,
    "GH200": 989e12,
    "B200": 2250e12,
    "A100": 312e12,
    "A800": 312e12,
    "L40S": 362e12,
    "L40": 181e12,
    "L4": 121e12,
    "A10": 125e12,
    "RTX 4090": 165e12,
}
"""Dense bf16 FLOP/s by words of the device's name; the first entry that matches counts."""
GEMM = 8192
"""Rows and columns of the matrix product timed on an unknown GPU; an eighth of that on a CPU."""
PROFILED = 20
"""Steps of a profile."""
SHOWN = 12
"""Operations of a profile that are printed."""
HEADER = ["lengths", "method", "side", "tokens/s", "ms a step", "tokens a step", "MFU", "peak MiB"]
MEDIANS = ["lengths", "method", "side", "tokens/s", "ms a step", "MFU", "over its vanilla", "times the peer"]


@dataclass(frozen=True)
class Speed:
    """The speed of one training."""

    tokens: float
    """Tokens per second."""
    step: float
    """Seconds per step."""
    each: float
    """Tokens of a step."""
    mfu: float
    memory: float
    """Peak memory, MiB."""

    def cells(self) -> list[str]:
        numbers = f"{self.tokens:,.0f} {1000 * self.step:.1f} {self.each:,.0f} {self.mfu:.1%} {self.memory:,.0f}"
        return numbers.split()


def speed(build: Build, trial: Any, cache: Path, options: argparse.Namespace, peak: float) -> Speed:
    """Train, and time the steps after the first few."""
    import torch
    from transformers import PrinterCallback, TrainerCallback

    from harness.common.machine import memory

    class Clock(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, *rest: Any, **named: Any) -> None:
            if state.global_step in (options.warm_up, state.max_steps):
                wait()
                marks.append((time.perf_counter(), int(trainer.tokens_seen)))

    marks: list[tuple[float, int]] = []
    memory.reset_peak()
    trainer = build(trial, cache)
    lengths = trainer.train_dataset.data.column("input_ids").combine_chunks().value_lengths().to_numpy()
    if options.compile:
        for layer in trainer.model.base_model.encoder.layer:
            layer.compile(dynamic=True)
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(Clock())
    trainer.train()
    seconds, tokens = (after - before for before, after in zip(*marks, strict=True))
    taken = memory.peak()
    attended = float((lengths.astype(float) ** 2).sum() / lengths.sum())
    return Speed(
        tokens / seconds,
        seconds / options.steps,
        tokens / options.steps,
        flops(trainer.model, tokens, attended) / seconds / peak,
        taken.get("gpu", taken["resident"]) if torch.cuda.is_available() else taken["resident"],
    )


def wait() -> None:
    """Wait until the device has finished its queued work."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()


def flops(model: Any, tokens: int, attended: float) -> float:
    """FLOPs of training on ``tokens`` tokens, each of which attends to ``attended`` tokens on average."""
    config, body = model.config, model.base_model
    layers = (p for name, p in body.named_parameters() if not name.startswith(("embeddings.", "pooler.")))
    weights = sum(p.numel() for p in layers)
    return float(6 * weights * tokens + 12 * config.num_hidden_layers * config.hidden_size * attended * tokens)


def medians(lengths: str, found: dict[tuple[str, str], Sequence[Speed]]) -> list[list[str]]:
    """One row for each method and side; ratios are medians over the rounds."""
    rows = []
    for (method, side), runs in found.items():
        step, tokens, mfu = (
            statistics.median(getattr(run, name) for run in runs) for name in ("step", "tokens", "mfu")
        )
        own = found["vanilla", side]
        over = statistics.median(one.step / other.step for one, other in zip(runs, own, strict=True))
        peer = found[method, "peer"]
        ahead = statistics.median(one.tokens / other.tokens for one, other in zip(runs, peer, strict=True))
        figures = [f"{tokens:,.0f}", f"{1000 * step:.1f}", f"{mfu:.1%}", f"{over - 1:+.1%}", f"{ahead:.2f}"]
        rows.append([lengths, method, side, *figures])
    return rows


def syncs(build: Build, trial: Any, cache: Path) -> list[str]:
    """Lines of code where the host waits for the GPU in the last step, from torch's warnings, with counts."""
    import torch
    from transformers import PrinterCallback, TrainerCallback

    class Watch(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, *rest: Any, **named: Any) -> None:
            torch.cuda.set_sync_debug_mode("warn" if state.global_step == state.max_steps - 1 else "default")

    trainer = build(trial, cache)
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(Watch())
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        trainer.train()
    places = (f"{Path(one.filename).name}:{one.lineno}" for one in said if "synchroniz" in str(one.message))
    return [f"{place} × {count}" for place, count in Counter(places).items()]


def profile(build: Build, trial: Any, cache: Path, kept: Path | None) -> list[str]:
    """Profile ``PROFILED`` steps after the first three. Returns the operations that take longest, as lines.

    ``kept`` is a folder for a table of 200 operations and the trace; ``None`` to keep neither.
    """
    from dataclasses import replace

    import torch
    from torch.profiler import ProfilerActivity
    from torch.profiler import profile as profiler
    from transformers import PrinterCallback, TrainerCallback

    gpu = torch.cuda.is_available()
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if gpu else [])]
    one = profiler(activities=activities)
    before = 3

    class Record(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, *rest: Any, **named: Any) -> None:
            if state.global_step in (before, before + PROFILED):
                wait()
                (one.start if state.global_step == before else one.stop)()

    steps = before + PROFILED + 1
    trainer = build(replace(trial, setting=replace(trial.setting, max_steps=steps)), cache)
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(Record())
    trainer.train()
    averages = one.key_averages()
    order = "self_device_time_total" if gpu else "self_cpu_time_total"
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        (kept / "profile.txt").write_text(averages.table(sort_by=order, row_limit=200))
        one.export_chrome_trace(str(kept / "profile.json.gz"))
    table: str = averages.table(sort_by=order, row_limit=SHOWN, max_name_column_width=60)
    launched = sum(one.count for one in averages if "LaunchKernel" in one.key)
    return [*table.splitlines(), *([f"kernels launched: {launched / PROFILED:,.0f} a step"] if gpu else [])]


def known_peak(name: str) -> float | None:
    """The entry of ``PEAKS`` for a device's name, or ``None``."""
    return next((peak for part, peak in PEAKS.items() if re.search(rf"\b{part}\b", name)), None)


def peak_of_device() -> tuple[str, float, str]:
    """The device's name, its peak FLOP/s, and the source of that figure."""
    import torch

    cuda = torch.cuda.is_available()
    name = torch.cuda.get_device_name() if cuda else "CPU"
    if (known := known_peak(name)) is not None:
        return name, known, "data sheet, dense bf16"
    size, device = (GEMM, "cuda") if cuda else (GEMM // 8, "cpu")
    one = torch.randn(size, size, device=device, dtype=torch.bfloat16)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        _ = one @ one
        wait()
        times.append(time.perf_counter() - start)
    return name, 2 * size**3 / min(times), f"measured, bf16 product of {size} × {size}"
