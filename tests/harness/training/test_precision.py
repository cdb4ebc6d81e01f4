"""Precision: the meaning of auto, limits of devices, and fp16's loss scaling with a penalty."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from accelerate import Accelerator
from accelerate.utils import AutocastKwargs

from harness.common.errors import UserError
from harness.compat.torch import has_fast_bf16
from harness.data.context import TrialContext
from harness.execution.plan import plan
from harness.execution.preflight import check
from harness.execution.resources import Resources
from harness.methods import L2
from harness.store.record import Score
from harness.store.result import Scored
from harness.study import Study, TrialConfig
from harness.training import precision
from harness.training.building import build_trainer, training_arguments
from harness.training.trial import made_record, run_trial
from tests.helpers.stores import result
from tests.helpers.studies import SHORT
from tests.helpers.training import Recorder

HAS_GPU = torch.cuda.is_available()


def test_auto_is_the_best_precision_of_the_device(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    study = replace(study, precision="auto")
    of_processor = "bf16" if has_fast_bf16() else "fp32"
    assert precision.chosen("auto", 0) == of_processor
    assert precision.chosen("bf16", 0) == "bf16"
    assert plan(study, gpus=0)[0].precision == of_processor
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    for has_bf16, expected in ((True, "bf16"), (False, "fp16")):
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation, has_bf16=has_bf16: has_bf16)
        assert precision.chosen("auto", None) == expected
        assert plan(study)[0].precision == expected
        assert plan(study, gpus=0)[0].precision == of_processor


@pytest.mark.parametrize(
    ("onednn", "avx512", "amx", "best"),
    [
        (True, True, False, "bf16"),
        (True, False, True, "bf16"),
        (True, False, False, "fp32"),
        (False, True, True, "fp32"),
    ],
)
def test_auto_on_a_cpu_is_bf16_only_if_onednn_multiplies_in_bf16(
    monkeypatch: pytest.MonkeyPatch, onednn: bool, avx512: bool, amx: bool, best: str
) -> None:
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: onednn)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
    assert precision.chosen("auto", 0) == best


def test_fp16_without_a_gpu_is_refused_before_anything_runs(
    study: Study, trial: Callable[..., TrialConfig], tmp_path: Path
) -> None:
    trials = plan(replace(study, precision="fp16"))
    with pytest.raises(UserError, match="precision: 'fp16' is not allowed; give fp32, bf16 or auto"):
        check(trials, Resources(gpus=0))
    check(trials, Resources(gpus=1, ray_address="auto"))  # a cluster may have devices that this machine lacks
    if not HAS_GPU:
        with pytest.raises(UserError, match="precision: 'fp16'"):
            run_trial(trials[0], cache=tmp_path)


def test_a_scaled_loss_gives_the_same_step(
    trial: Callable[..., TrialConfig], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through the real trainer with a real scaler: the penalty's gradient is scaled like the task's. Both are unscaled
    once."""
    # lets the accelerator unscale before clipping, as on a GPU
    monkeypatch.setattr(Accelerator, "mixed_precision", property(lambda self: "fp16"))
    found = []
    for scale in (None, 4096.0):
        trainer = build_trainer(
            TrialContext.of(trial(L2(strength=0.3), setting=replace(SHORT, max_steps=4, max_grad_norm=0.5)), tmp_path)
        )
        if scale is not None:
            trainer.accelerator.scaler = torch.amp.GradScaler("cpu", init_scale=scale)
            monkeypatch.setattr(trainer.accelerator, "native_amp", True)
            monkeypatch.setattr(trainer.accelerator, "autocast_handler", AutocastKwargs(enabled=False))
        recorder = Recorder()
        trainer.add_callback(recorder)
        trainer.train()
        penalties = [row["penalty"] for row in trainer.state.log_history if "task_loss" in row]
        found.append((recorder.gradients, dict(trainer.model.named_parameters()), penalties))
    (plain, weights, penalties), (scaled, scaled_weights, scaled_penalties) = found
    assert penalties == pytest.approx(scaled_penalties, rel=1e-4)
    assert penalties[-1] > 0
    for name in plain:
        torch.testing.assert_close(scaled[name], plain[name], rtol=1e-3, atol=1e-6)
        torch.testing.assert_close(scaled_weights[name], weights[name], rtol=0, atol=SHORT.learning_rate / 10)


def test_precisions_map_to_the_arguments_of_transformers() -> None:
    made = training_arguments(SHORT, 0, "bf16")
    assert (made.bf16, made.fp16) == (True, False)


@pytest.mark.gpu
@pytest.mark.skipif(not HAS_GPU, reason="needs a GPU")
@pytest.mark.parametrize("word", ["bf16", "fp16"])
def test_precisions_on_a_gpu_agree(study: Study, tmp_path: Path, word: str) -> None:
    setting = replace(SHORT, max_steps=30, batch_size=16)
    half, full = (
        run_trial(
            plan(replace(study, methods=(L2(strength=0.01),), settings=(setting,), precision=p))[0], cache=tmp_path
        ).record
        for p in (word, "fp32")
    )
    assert not half.diverged
    assert half.scores != full.scores
    assert half.scores.test["en"].metrics["accuracy"] == pytest.approx(
        full.scores.test["en"].metrics["accuracy"], abs=3
    )


def test_an_overflow_that_loss_scaling_skipped_is_no_divergence(trial: Callable[..., TrialConfig]) -> None:
    scores = {"f1": 1.0, "accuracy": 1.0}
    scored = [
        Scored("test", language, [[1]], [[1]], Score(metrics=scores, majority=0.0, examples=1, fingerprint="1"))
        for language in ("en", "de")
    ]
    skipped = [{"loss": 1.0, "grad_norm": float("nan")}]
    lost = [{"loss": float("nan"), "grad_norm": 1.0}]
    known = None, result().record.cost, result().record.provenance
    assert made_record(trial(), scored, skipped, *known).diverged
    assert not made_record(replace(trial(), precision="fp16"), scored, skipped, *known).diverged
    assert made_record(replace(trial(), precision="fp16"), scored, lost, *known).diverged
