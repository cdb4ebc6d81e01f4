"""Training on a GPU: tokens a second and MFU of our trainer and the peer, and the gain from trials that share a GPU.

    python -m tests.benchmarks.gpu [--steps 50] [--rounds 3] [--packed 1 2 4 8]
    python -m tests.benchmarks.gpu --device cpu --layers 2 --hidden 48 --vocabulary 20000 --steps 3 --warm-up 1
        --rounds 1 --packed 1 2

The model has mBERT-base's size and random weights; the tokenizer is the embedded one. Batches are 32 × 128 sub-words of
the embedded sentences one after another, with almost no padding. The gain of training without padding is therefore not
included. Ours is the trainer of a trial, with a trimmed vocabulary. The peer is ``transformers.Trainer`` with the whole
vocabulary and the penalty in its loss, through autograd. Both have bf16, fused AdamW and pinned memory. Rounds take
turns; a figure is the median over them. F of ewc is random, which changes no time.

MFU is FLOPs by this formula over the device's peak: 6 × N × tokens + 12 × layers × hidden × Σ length² of the sequences.
It covers a forward and a backward pass of the layers' and the head's N weights and of attention. Embeddings are looked
up and count nothing; neither does padding. The peak is the data sheet's for dense bf16. For a device that is not in
``PEAKS`` it is the measured rate of a large matrix product.

Without a GPU nothing is measured and the exit code is 0; ``--device cpu`` runs the same in small. Ray is not needed.
"""

import argparse
import gc
import os
import shutil
import statistics
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tabulate import tabulate

from harness import embedded

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
"""Dense bf16 FLOP/s by a part of the device's name; the first part that matches counts."""
GEMM = 8192
"""Rows and columns of the matrix product timed on an unknown GPU; an eighth of that on a CPU."""
WORDS = 4000
"""Words of a training sentence. It is cut into windows of the requested length, all full except the last."""


@dataclass(frozen=True)
class Speed:
    """The speed of one training."""

    tokens: float
    """Tokens per second."""
    step: float
    """Seconds per step."""
    mfu: float
    peak: float
    """Peak memory, MiB."""


def make_encoder(folder: Path, options: argparse.Namespace) -> None:
    """Make a masked language model with random weights and the embedded tokenizer."""
    import torch
    from transformers import AutoTokenizer, BertConfig, BertForMaskedLM

    tokenizer = AutoTokenizer.from_pretrained(embedded.ENCODER)
    config = BertConfig(
        vocab_size=options.vocabulary,
        hidden_size=options.hidden,
        num_hidden_layers=options.layers,
        intermediate_size=4 * options.hidden,
        pad_token_id=tokenizer.pad_token_id,
    )
    torch.manual_seed(0)
    BertForMaskedLM(config).save_pretrained(folder)
    for file in embedded.ENCODER.iterdir():
        if not (folder / file.name).exists() and file.suffix != ".safetensors":
            shutil.copy(file, folder)


def make_data(folder: Path) -> None:
    """Make English UDPOS with training sentences joined to long ones, and German test data."""
    (folder / "udpos").mkdir(parents=True)
    for name in ("dev-en", "test-en", "test-de"):
        shutil.copy(embedded.UDPOS / f"{name}.tsv", folder / "udpos")
    lines = [line for line in (embedded.UDPOS / "train-en.tsv").read_text(encoding="utf-8").split("\n") if line]
    joined = ["\n".join(lines[start : start + WORDS]) for start in range(0, len(lines), WORDS)]
    (folder / "udpos" / "train-en.tsv").write_text("\n\n".join(joined) + "\n\n", encoding="utf-8")


def trials(encoder: Path, data: Path, options: argparse.Namespace) -> dict[str, Any]:
    """One trial per method, by the method's name."""
    from harness.execution.plan import plan
    from harness.methods import L2, Ewc, Vanilla
    from harness.study import Setting, Study

    steps = options.warm_up + options.steps
    study = Study(
        name="gpu",
        task="udpos",
        methods=(Vanilla(), L2(strength=0.1), Ewc(strength=1.0, languages=("de",))),
        settings=(
            Setting(learning_rate=2e-5, max_steps=steps, batch_size=options.batch_size, max_length=options.length),
        ),
        seeds=(0,),
        targets=("de",),
        encoder=str(encoder),
        data=str(data),
        precision=options.precision,
    )
    return {trial.method.name: trial for trial in plan(study)}


def ours(trial: Any, cache: Path) -> Any:
    """The trainer of a trial."""
    from harness.data.context import TrialContext
    from harness.execution.gpu_sharing_probe import stand_in
    from harness.training.building import build_trainer

    context = TrialContext.of(trial, cache)
    stand_in(context)
    return build_trainer(context)


def peer(trial: Any, cache: Path) -> Any:
    """The trainer of ``peer_recipe`` on a GPU, also with a weight for each parameter."""
    import torch
    from transformers import (
        AutoModelForTokenClassification,
        DataCollatorForTokenClassification,
        Trainer,
        TrainingArguments,
    )

    from harness.data.context import TrialContext
    from harness.data.subsets import training_rows
    from harness.encoders import loading
    from harness.execution.gpu_sharing_probe import stand_in
    from harness.fisher import diagonal_files, supply

    setting, method = trial.setting, trial.method
    context = TrialContext.of(trial, cache)
    encoder = context.encoder
    rows = training_rows(context).select_columns(["input_ids", "attention_mask", "labels"])
    labels = context.pretrained.model.num_labels
    model = AutoModelForTokenClassification.from_pretrained(encoder.path, num_labels=labels, dtype=torch.float32)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model.to(device)
    stand_in(context)
    strength = getattr(method, "strength", 0.0)
    anchor = {name: p.detach().clone() for name, p in model.base_model.named_parameters()} if strength else {}
    stored = [diagonal_files.stored(request, cache) for request in supply.needed([trial])]
    weights = {name: stored[0][name].to(device) for name in anchor if name in stored[0]} if stored else None

    class PullTrainer(Trainer):
        tokens_seen: Any = 0

        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            self.tokens_seen += inputs["attention_mask"].sum()
            loss, outputs = super().compute_loss(
                model, inputs, return_outputs=True, num_items_in_batch=num_items_in_batch
            )
            if anchor:
                moved = {name: (p - anchor[name]).square() for name, p in model.base_model.named_parameters()}
                pulls = moved.values() if weights is None else (weights[name] * moved[name] for name in weights)
                loss = loss + strength / 2 * sum(pull.sum() for pull in pulls)
            return (loss, outputs) if return_outputs else loss

    return PullTrainer(
        model=model,
        args=TrainingArguments(
            output_dir=str(cache / "peer"),
            learning_rate=setting.learning_rate,
            max_steps=setting.max_steps,
            per_device_train_batch_size=setting.batch_size,
            seed=trial.seed,
            bf16=trial.precision == "bf16",
            use_cpu=device == "cpu",
            optim="adamw_torch_fused",
            logging_strategy="no",
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            dataloader_pin_memory=device == "cuda",
        ),
        train_dataset=rows,
        data_collator=DataCollatorForTokenClassification(loading.tokenizer(encoder)),
    )


def speed(
    build: Callable[[Any, Path], Any], trial: Any, cache: Path, options: argparse.Namespace, peak: float
) -> Speed:
    """Train, and time the steps after the first few."""
    import torch
    from transformers import PrinterCallback, TrainerCallback

    from harness.common.machine import memory

    class Clock(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, *rest: Any, **named: Any) -> None:
            if state.global_step in (options.warm_up, state.max_steps):
                if torch.cuda.is_available():
                    torch.cuda.synchronize()
                marks.append((time.perf_counter(), int(trainer.tokens_seen)))

    marks: list[tuple[float, int]] = []
    memory.reset_peak()
    trainer = build(trial, cache)
    if options.compile:
        for layer in trainer.model.base_model.encoder.layer:
            layer.compile(dynamic=True)
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(Clock())
    trainer.train()
    seconds, tokens = (after - before for before, after in zip(*marks, strict=True))
    taken = memory.peak()
    return Speed(
        tokens / seconds,
        seconds / options.steps,
        flops(trainer.model, tokens, options.length) / seconds / peak,
        taken.get("gpu", taken["resident"]),
    )


def syncs(build: Callable[[Any, Path], Any], trial: Any, cache: Path) -> list[str]:
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


def flops(model: Any, tokens: int, length: int) -> float:
    """FLOPs of training on ``tokens`` tokens in sequences of ``length``."""
    config = model.config
    looked_up = sum(p.numel() for p in model.base_model.embeddings.parameters())
    weights = sum(p.numel() for p in model.parameters()) - looked_up
    return float(6 * weights * tokens + 12 * config.num_hidden_layers * config.hidden_size * length * tokens)


def peak_of_device() -> tuple[str, float, str]:
    """The device's name, its peak FLOP/s, and the source of that figure."""
    import torch

    cuda = torch.cuda.is_available()
    name = torch.cuda.get_device_name() if cuda else "CPU"
    for part, peak in PEAKS.items():
        if part in name:
            return name, peak, "data sheet, dense bf16"
    size, device = (GEMM, "cuda") if cuda else (GEMM // 8, "cpu")
    one = torch.randn(size, size, device=device, dtype=torch.bfloat16)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        _ = one @ one
        if cuda:
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return name, 2 * size**3 / min(times), f"measured, bf16 product of {size} × {size}"


def packed(trial: Any, scratch: Path, options: argparse.Namespace) -> list[list[str]]:
    """One row for each number of simultaneous trials."""
    from harness.execution.gpu_sharing_probe import DoesNotRunError, measured

    rows, alone = [], 0.0
    for count in options.packed:
        try:
            found = measured(trial, count, scratch, options.threads, options.seconds)
        except DoesNotRunError as error:
            rows.append([str(count), str(error)[:60], "", ""])
            continue
        alone = alone or found.rate / count
        rows.append([str(count), f"{found.rate:,.0f}", f"{found.rate / alone:.2f}", f"{found.each / 2**10:.2f}"])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda", help="(default: %(default)s)")
    parser.add_argument("--layers", type=int, default=12, help="(default: %(default)s)")
    parser.add_argument("--hidden", type=int, default=768, help="a multiple of 12 heads (default: %(default)s)")
    parser.add_argument(
        "--vocabulary",
        type=int,
        default=119547,
        help="at least the embedded tokenizer's (default: mBERT's, %(default)s)",
    )
    parser.add_argument("--batch-size", type=int, default=32, help="(default: %(default)s)")
    parser.add_argument("--length", type=int, default=128, help="sub-words of a sequence (default: %(default)s)")
    parser.add_argument("--precision", default="bf16", help="(default: %(default)s)")
    parser.add_argument("--steps", type=int, default=50, help="that are timed (default: %(default)s)")
    parser.add_argument("--warm-up", type=int, default=10, help="steps before (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="(default: %(default)s)")
    parser.add_argument("--packed", type=int, nargs="*", default=(1, 2, 4, 8), help="trials at once (default: 1 2 4 8)")
    parser.add_argument(
        "--seconds", type=float, default=5.0, help="that trials at once are timed for (default: %(default)s)"
    )
    parser.add_argument("--threads", type=int, default=1, help="CPU threads of a trial (default: %(default)s)")
    parser.add_argument("--compile", action="store_true", help="with every layer of either side through torch.compile")
    options = parser.parse_args()
    if options.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""

    import torch
    from transformers.utils import logging

    if options.device == "cuda" and not torch.cuda.is_available():
        print("No GPU here: nothing is measured. --device cpu runs the same in small.")
        return
    logging.disable_progress_bar()
    logging.set_verbosity_error()  # heads without pretrained weights are intended
    torch.set_num_threads(options.threads)
    device, peak, source = peak_of_device()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        make_encoder(place / "encoder", options)
        make_data(place / "data")
        planned = trials(place / "encoder", place / "data", options)
        found: dict[tuple[str, str], list[Speed]] = {}
        for _ in range(options.rounds):
            for method, trial in planned.items():
                for side, build in (("peer", peer), ("ours", ours)):
                    found.setdefault((side, method), []).append(speed(build, trial, place, options, peak))
                    gc.collect()
                    torch.cuda.empty_cache()
        print(f"{device}: peak {peak / 1e12:.4g} TFLOP/s ({source}); torch {torch.__version__}")
        size = f"{options.layers} layers of {options.hidden}, vocabulary {options.vocabulary:,}"
        compiled = ", compiled layers" if options.compile else ""
        print(
            f"{size}; {options.batch_size} × {options.length} tokens, {options.precision}{compiled}; medians of "
            f"{options.rounds} rounds\n"
        )
        print(tabulate(speeds(found), SPEEDS, tablefmt="github", disable_numparse=True))
        if torch.cuda.is_available():
            for side, build in (("peer", peer), ("ours", ours)):
                print(
                    f"\nThe host waits in a step of ewc, {side}: "
                    f"{', '.join(syncs(build, planned['ewc'], place)) or 'nowhere'}"
                )
        if not options.packed:
            return
        heavy = planned["ewc"]
        print(f"\nTrials of ewc on one device, {options.seconds:g} s each\n")
        print(tabulate(packed(heavy, place, options), PACKED, tablefmt="github", disable_numparse=True))
        from harness.execution.gpu_sharing import pick

        print(f"\n--trials-per-gpu auto, up to {max(options.packed)}:")
        pick([*planned.values()], place, threads=options.threads, most=max(options.packed), seconds=options.seconds)


SPEEDS = ["", "method", "tokens/s", "ms a step", "MFU", "peak MiB", "over its vanilla", "times the peer"]
PACKED = ["at once", "tokens/s together", "times one", "GiB each"]


def speeds(found: dict[tuple[str, str], list[Speed]]) -> list[list[str]]:
    rows = []
    for (side, method), runs in found.items():
        step, tokens, mfu, peak = (
            statistics.median(getattr(run, name) for run in runs) for name in ("step", "tokens", "mfu", "peak")
        )
        over = statistics.median(one.step / other.step for one, other in zip(runs, found[side, "vanilla"], strict=True))
        ahead = statistics.median(
            one.tokens / other.tokens for one, other in zip(runs, found["peer", method], strict=True)
        )
        rows.append(
            [
                side,
                method,
                f"{tokens:,.0f}",
                f"{1000 * step:.1f}",
                f"{mfu:.1%}",
                f"{peak:,.0f}",
                f"{over - 1:+.1%}",
                f"{ahead:.2f}",
            ]
        )
    return rows


if __name__ == "__main__":
    main()
