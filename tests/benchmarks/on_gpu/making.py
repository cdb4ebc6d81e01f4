"""The encoder, the data and the trials of ``tests.benchmarks.gpu``."""

import argparse
import shutil
from pathlib import Path
from typing import Any

from harness import embedded

WORDS = 4000
"""Words of a joined training sentence. Its windows of the requested length are nearly full, except the last."""
LENGTHS = ("full", "udpos", "pawsx")
"""Kinds of batches: windows of the largest length, and the real lengths of a task's examples."""


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
    """Make English UDPOS with training sentences joined into long sentences, and German test data."""
    (folder / "udpos").mkdir(parents=True)
    for name in ("dev-en", "test-en", "test-de"):
        shutil.copy(embedded.UDPOS / f"{name}.tsv", folder / "udpos")
    lines = [line for line in (embedded.UDPOS / "train-en.tsv").read_text(encoding="utf-8").split("\n") if line]
    joined = ["\n".join(lines[start : start + WORDS]) for start in range(0, len(lines), WORDS)]
    (folder / "udpos" / "train-en.tsv").write_text("\n\n".join(joined) + "\n\n", encoding="utf-8")


def trials(encoder: Path, data: Path, lengths: str, options: argparse.Namespace) -> dict[str, Any]:
    """One trial per method, by the method's name; ``lengths`` is one of ``LENGTHS``."""
    from harness.execution.plan import plan
    from harness.methods import L2, Ewc, Vanilla
    from harness.study import Setting, Study

    real = lengths != "full"
    study = Study(
        name="gpu",
        task=lengths if real else "udpos",
        methods=(Vanilla(), L2(strength=0.1), Ewc(strength=1.0, languages=("de",))),
        settings=(
            Setting(
                learning_rate=2e-5,
                max_steps=options.warm_up + options.steps,
                batch_size=options.batch_size,
                max_length=options.length,
            ),
        ),
        seeds=(0,),
        targets=("de",),
        encoder=str(encoder),
        data="embedded" if real else str(data),
        precision=options.precision,
    )
    return {trial.method.name: trial for trial in plan(study)}
