"""Fixtures: small studies on the shipped encoder and data. No test needs a network, a GPU or anything outside the repository."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ.setdefault("OMP_NUM_THREADS", "1")  # there is a process a core already, and threads beyond it wait for each other

import pytest

from harness.methods import L2, Method, Vanilla
from harness.plan import plan
from harness.study import Setting, Study, TrialConfig

SHORT = Setting(learning_rate=1e-3, warmup_steps=1, max_steps=3, batch_size=4)
"""A few seconds of real fine-tuning."""


@pytest.fixture
def study() -> Study:
    """Two methods, one setting, one seed, two targets on the embedded encoder."""
    return Study(
        name="small",
        question="?",
        task="udpos",
        methods=(Vanilla(), L2(strength=0.01)),
        settings=(SHORT,),
        seeds=(0,),
        targets=("de", "hi"),
    )


@pytest.fixture
def trial(study: Study) -> Callable[..., TrialConfig]:
    """Makes the config of one trial: ``trial(method, seed=…, setting=…, targets=…)``."""

    def make(method: Method | None = None, *, seed: int = 0, setting: Setting = SHORT, targets: tuple[str, ...] = ("de",)) -> TrialConfig:
        return plan(replace(study, methods=(method or Vanilla(),), seeds=(seed,), settings=(setting,), targets=targets))[0]

    return make


@pytest.fixture
def data_folder(tmp_path: Path) -> Path:
    """A hand-made data folder in XTREME's layout: one sentence a file."""
    folder = tmp_path / "data" / "udpos"
    folder.mkdir(parents=True)
    for name in ("train-en", "dev-en", "test-en", "test-de"):
        (folder / f"{name}.tsv").write_text("Dogs\tNOUN\nbark\tVERB\n.\tPUNCT\n", encoding="utf-8")
    return folder.parent
