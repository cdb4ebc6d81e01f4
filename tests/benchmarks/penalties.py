"""Seconds a step and extra memory of the pulls towards the pretrained weights, against vanilla and an autograd penalty.

    python -m tests.benchmarks.penalties [--encoder DIR] [--data DIR] [--task udpos] [--steps 20] [--threads 1]

All variants are in one process and take turns at every step, each on the same batch, so that noise falls on all
equally. The time is the median over the steps after the first two. Its ratio is the median of the steps' ratios to
vanilla. Extra memory is the method's own memory beside the weights, their gradients and the optimizer's state, in
copies of the trained weights. The time of ewc does not depend on F. F is therefore random, and encoders need no
masked-language-model head.

``autograd`` is the penalty in its usual form: λ/2 Σ F (θ − θ*)² added to the loss before the backward pass.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from tabulate import tabulate

from harness.data.context import TrialContext
from harness.data.origin import Origin
from harness.encoders import loading, pinning
from harness.execution.plan import plan
from harness.methods import L2, DecoupledL2, Vanilla
from harness.methods.penalty import Penalty, Term
from harness.study import Setting, Study, TrialConfig
from harness.training import footprint
from harness.training.building import build_trainer
from harness.training.trainer import PenaltyTrainer

WARM_UP = 2
"""Number of steps that do not count."""


def config(options: argparse.Namespace, method: Vanilla | L2 | DecoupledL2) -> TrialConfig:
    study = Study(
        name="penalties",
        task=options.task,
        methods=(method,),
        settings=(Setting(learning_rate=1e-4, max_steps=options.steps, batch_size=options.batch_size),),
        seeds=(0,),
        targets=("de",),
        encoder=options.encoder,
        data=options.data,
        precision="fp32",
    )
    return plan(study)[0]


def variants(
    options: argparse.Namespace, cache: Path
) -> dict[str, tuple[PenaltyTrainer, Callable[[], torch.Tensor | float]]]:
    """Trainers by name, each with the term that autograd adds to the task's loss."""
    planned = config(options, Vanilla())
    pretrained = loading.pretrained(pinning.pinned(planned.encoder, planned.encoder_revision), Origin.of(planned).task)
    generator = torch.Generator().manual_seed(0)
    importance = {name: torch.rand(p.shape, generator=generator) for name, p in pretrained.anchor.items()}
    terms = {"l2": Term(0.1), "ewc": Term(0.1, importance)}
    made: dict[str, tuple[PenaltyTrainer, Callable[[], torch.Tensor | float]]] = {}
    for name in ("vanilla", "l2", "decoupled_l2", "ewc", "l2 by autograd", "ewc by autograd"):
        method = DecoupledL2(strength=0.1) if name == "decoupled_l2" else Vanilla()
        trainer = build_trainer(TrialContext.of(config(options, method), cache))
        added: Callable[[], torch.Tensor | float] = lambda: 0.0  # noqa: E731
        term = terms.get(name.split(" ")[0])
        if term is not None:
            penalty = Penalty(trainer.model.base_model, pretrained.anchor, [term])
            if name.endswith("autograd"):
                added = by_autograd(penalty)
            else:
                trainer.penalty = penalty
        made[name] = (trainer, added)
    return made


def by_autograd(penalty: Penalty) -> Callable[[], torch.Tensor]:
    def value() -> torch.Tensor:
        parts = zip(penalty.parameters, penalty.anchors, penalty.weights, strict=True)
        return sum((weight * (parameter - anchor).square()).sum() / 2 for parameter, anchor, weight in parts)  # type: ignore[return-value]

    return value


def step(trainer: PenaltyTrainer, added: Callable[[], torch.Tensor | float], batch: dict[str, torch.Tensor]) -> float:
    """Seconds of a training step."""
    start = time.perf_counter()
    loss = trainer.compute_loss

    def total(*args: object, **named: object) -> torch.Tensor:
        return loss(*args, **named) + added()  # type: ignore[arg-type]

    trainer.compute_loss = total  # type: ignore[method-assign,assignment]
    trainer.training_step(trainer.model, dict(batch))
    trainer.compute_loss = loss  # type: ignore[method-assign]
    torch.nn.utils.clip_grad_norm_(trainer.model.parameters(), 1.0)
    trainer.optimizer.step()
    trainer.optimizer.zero_grad()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", default="embedded")
    parser.add_argument("--data", default="embedded")
    parser.add_argument("--task", default="udpos")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    if options.steps <= WARM_UP:
        parser.error(f"--steps: at least {WARM_UP + 1}")
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as cache:
        made = variants(options, Path(cache))
        for trainer, _ in made.values():
            trainer.create_optimizer_and_scheduler(options.steps)
            trainer.model.train()
        loader = iter(next(iter(made.values()))[0].get_train_dataloader())
        batches = [next(loader) for _ in range(options.steps)]
        seconds: dict[str, list[float]] = {name: [] for name in made}
        for batch in batches:
            for name, (trainer, added) in made.items():
                seconds[name].append(step(trainer, added, batch))
        rows = []
        for name, (trainer, _) in made.items():
            planned = config(options, Vanilla())
            pretrained = loading.pretrained(
                pinning.pinned(planned.encoder, planned.encoder_revision), Origin.of(planned).task
            )
            trained = sum(p.numel() * p.element_size() for p in trainer.model.parameters() if p.requires_grad)
            extra = footprint.extra_bytes(trainer.model, pretrained, [trainer.penalty, trainer.decay]) / trained
            mine = seconds[name][WARM_UP:]
            ratio = statistics.median(a / b for a, b in zip(mine, seconds["vanilla"][WARM_UP:], strict=True))
            copies = "–" if name.endswith("autograd") else f"{extra:.2f}"
            rows.append([name, f"{statistics.median(mine):.3f}", f"{100 * (ratio - 1):+.1f} %", copies])
    print(
        f"{options.encoder}, {options.task}, {options.steps - WARM_UP} steps of {options.batch_size}, "
        f"{options.threads} thread(s)"
    )
    print(
        tabulate(rows, ["", "s a step", "over vanilla", "extra copies of the trained weights"], disable_numparse=True)
    )


if __name__ == "__main__":
    main()
