"""Real trials at once, measured as for ``--trials-per-gpu``, on the CPU."""

from collections.abc import Callable
from dataclasses import replace
from multiprocessing import Pipe
from pathlib import Path

import pytest
import torch

from harness.cli.main import main
from harness.common.errors import UserError
from harness.common.machine import memory
from harness.data.context import TrialContext
from harness.execution.gpu_sharing import pick
from harness.execution.gpu_sharing_probe import ENDLESS, READY, Stopwatch, take_largest
from harness.methods import Ewc, WeightAveraging
from harness.study import TrialConfig
from harness.training.building import build_trainer
from harness.training.footprint import Keeper
from tests.helpers.studies import SHORT

SECONDS = 0.2


def test_memory_that_is_kept_by_the_last_step_is_measured(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    here, there = Pipe()
    for _ in range(2):
        here.send(READY)
    config = trial(WeightAveraging(steps=1), setting=replace(SHORT, max_steps=ENDLESS))
    context = TrialContext.of(config, tmp_path)
    trainer = build_trainer(context)
    take_largest(trainer, context.task, config.precision)
    trainer.add_callback(Stopwatch(there, trainer, 1, seconds=0.0))
    trainer.train()
    assert [here.recv(), *here.recv()] == [READY, "tokens", "seconds", "each", "total"]
    (average,) = (callback for callback in trainer.callback_handler.callbacks if isinstance(callback, Keeper))
    assert memory.nbytes(average.held()) == memory.nbytes(trainer.model.parameters())


@pytest.mark.nightly
def test_real_trials_are_packed_and_measured(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    said: list[str] = []
    ewc = Ewc(strength=10.0, languages=("de",), examples=4)
    found = pick([trial(ewc)], tmp_path, threads=1, most=2, seconds=SECONDS, say=said.append)
    assert found in (1, 2)
    assert "of ewc" in said[0]
    assert "batches of 512 tokens at most" in said[0]
    assert [line.split()[0] for line in said[0].splitlines()[1:] + said[1:]] == ["1", "2", str(found)]
    assert [file.name for file in tmp_path.iterdir()] == ["tokenised"], "no made-up Fisher diagonal stays"


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_study_measures_how_it_shares_a_gpu(tmp_path: Path, cut: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.yaml").write_text(
        f"task: udpos\ndata: {cut}\nencoder: {cut}/encoder\nmethods: [vanilla, {{name: l2, strength: 0.1}}]\n"
        "settings: [{learning_rate: 1e-3, max_steps: 3, batch_size: 4}]\nseeds: [0, 1]\ntargets: [de]\n"
    )
    place = ["--store", str(tmp_path / "store"), "--no-report"]
    assert main(["run", str(tmp_path / "mine.yaml"), "--trials-per-gpu", "auto", *place]) == 0
    assert "at once: chosen" in capsys.readouterr().out


@pytest.mark.slow
def test_a_trial_that_does_not_run_alone_is_refused(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    lost = replace(trial(), training_data="0")
    with pytest.raises(
        UserError, match=r"--trials-per-gpu: vanilla does not run even alone: data: the training data for 'en' changed"
    ):
        pick([lost], None, threads=1, most=2, seconds=SECONDS)
