"""A tuner's trials without Tune: stopped, continued from a checkpoint, and continued with other hyperparameters."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from transformers import TrainerCallback

from harness.common.errors import UserError
from harness.data.context import TrialContext
from harness.execution.attempt import attempt
from harness.execution.resources import Resources
from harness.methods import L2, Vanilla
from harness.store.store import Store
from harness.study import TrialConfig
from harness.training.building import build_trainer
from harness.tuning.midway import continued
from harness.tuning.relay import Relay
from harness.tuning.tuner_trial import Report, Reporter, TunersStates, end_of
from tests.helpers.cut_trials import ended, same
from tests.helpers.studies import LONG

STEADY = replace(LONG, optimizer="sgd", learning_rate=0.1, schedule="constant", warmup_steps=0)
"""The present learning rate and nothing else decides the step."""
Make = Callable[..., TrialConfig]


def run(
    config: TrialConfig,
    store: Store,
    *,
    stop: int = 0,
    keep: Path | None = None,
    start: Path | None = None,
    changed: bool = False,
) -> list[Report]:
    """Run a trial with three reports as a worker of Tune does, and return the reports.

    It is stopped at the report ``stop``, whose checkpoint is copied to ``keep``.
    """
    told: list[Report] = []
    relay: Relay[Report] = Relay()

    def tell(report: Report) -> None:
        told.append(report)
        assert report.folder is not None
        if report.number == stop:
            shutil.copytree(report.folder, keep or report.folder / "copy")
            raise SystemExit

    reporter = Reporter(relay, 3, states=True)
    states = TunersStates(config, reporter, start, changed=changed)

    def train() -> Any:
        return attempt(config, store, Resources(), rungs=reporter, states=states)

    if stop:
        with pytest.raises(SystemExit):
            relay.run(train, tell)
        assert store.record(config.id) is None
        assert store.failure(config.id) is None
    else:
        found = relay.run(train, tell)
        assert found is not None
        if found.error:
            raise UserError(found.error)
    return told


def test_a_trial_that_goes_on_from_its_checkpoint_is_the_plain_trial_to_the_bit(trial: Make, tmp_path: Path) -> None:
    config, store = trial(L2(strength=0.01), setting=LONG), Store(tmp_path / "tuned")
    first = run(config, store, stop=2, keep=tmp_path / "state")
    assert continued(config, config, 6) == config
    rest = run(config, store, start=tmp_path / "state")
    assert [(one.number, one.step) for one in (*first, *rest)] == [(1, 3), (2, 6)]
    plain = Store(tmp_path / "plain")
    expected = ended(config, plain)
    assert same((store.record(config.id), store.history(config.id).to_pylist()), expected)  # type: ignore[arg-type]
    last = end_of(expected[0], config, 3)
    assert (last["training_iteration"], last["step"], last["finished"], last["id"]) == (3, 9, True, config.id)
    assert last["test_de"] == last["zero_shot"] == expected[0].zero_shot
    assert last["f1"] == expected[0].in_metric("dev")["en"]


def test_a_cloned_trial_trains_with_its_own_rate_under_an_id_of_its_own(trial: Make, tmp_path: Path) -> None:
    """The reference is one training, whose rate a callback sets before each step."""
    slow, fast = (trial(setting=replace(STEADY, learning_rate=rate)) for rate in (0.1, 0.4))
    store = Store(tmp_path / "tuned")
    run(slow, store, stop=2, keep=tmp_path / "state")
    mixed = continued(fast, slow, 6)
    assert mixed.course == (f"{slow.id} to step 6: learning_rate=0.1",)
    assert len({mixed.id, fast.id, slow.id}) == 3
    assert TrialConfig.from_json(mixed.to_json()).id == mixed.id
    run(mixed, store, start=tmp_path / "state", changed=True)
    record, history = store.record(mixed.id), store.history(mixed.id).to_pylist()
    assert record is not None
    assert store.record(fast.id) is None
    assert [row["learning_rate"] for row in history] == [0.1] * 6 + [0.4] * 3

    class Rate(TrainerCallback):
        def on_step_begin(self, args: Any, state: Any, control: Any, optimizer: Any = None, **rest: Any) -> None:
            for group in optimizer.param_groups:
                group["lr"] = 0.1 if state.global_step < 6 else 0.4

    trainer = build_trainer(TrialContext.of(slow, store.cache))
    trainer.add_callback(Rate())
    trainer.train()
    losses = [row["loss"] for row in trainer.state.log_history if "task_loss" in row]
    assert [row["loss"] for row in history] == losses
    other = continued(replace(fast, setting=replace(STEADY, learning_rate=0.2)), mixed, 8)
    assert other.course == (*mixed.course, f"{fast.id} to step 8: learning_rate=0.4")


def test_a_schedule_goes_on_at_its_present_step(trial: Make, tmp_path: Path) -> None:
    """The rates after the change are those of an undisturbed trial with the new setting, at the same steps."""
    before = trial(L2(strength=0.01), setting=LONG)
    after = trial(L2(strength=0.1), setting=replace(LONG, learning_rate=3e-3, warmup_steps=4, schedule="cosine"))
    store = Store(tmp_path / "tuned")
    run(before, store, stop=1, keep=tmp_path / "state")
    mixed = continued(after, before, 3)
    assert mixed.course[0].startswith(f"{before.id} to step 3: l2(strength=0.01) learning_rate=0.001 warmup_steps=1 ")
    run(mixed, store, start=tmp_path / "state", changed=True)
    rates = [row["learning_rate"] for row in store.history(mixed.id).to_pylist()]
    whole = [row["learning_rate"] for row in ended(after, Store(tmp_path / "plain"))[1]]
    assert rates[3:] == pytest.approx(whole[3:])
    assert rates[:3] != pytest.approx(whole[:3])


def test_a_change_that_a_training_cannot_take_is_refused(trial: Make, tmp_path: Path) -> None:
    before = trial(L2(strength=0.01), setting=LONG)
    for after, message in (
        (
            trial(L2(strength=0.01), setting=replace(LONG, batch_size=8)),
            "batch_size: it changed during a training",
        ),
        (trial(L2(strength=0.01), setting=LONG, seed=1), "seed: it changed during a training, from 0 to 1; keep it"),
        (trial(Vanilla(), setting=LONG), r"method: it changed during a training, from l2\(strength=0.01\) to vanilla"),
    ):
        with pytest.raises(UserError, match=message):
            continued(after, before, 3)


def test_weights_of_another_trial_are_never_replaced_by_a_fresh_start(trial: Make, tmp_path: Path) -> None:
    before = trial(setting=LONG)
    mixed = continued(trial(setting=replace(LONG, learning_rate=0.1)), before, 3)
    store = Store(tmp_path / "tuned")
    with pytest.raises(UserError, match="checkpoint: it does not fit"):
        run(mixed, store)
    assert "only its tuner has them" in attempt(mixed, Store(tmp_path / "other"), Resources()).error


def test_reports_are_spread_evenly() -> None:
    reporter = Reporter(Relay(), 4, states=False)
    assert reporter.steps(10) == {3: 1, 5: 2, 8: 3, 10: 4}
    assert reporter.steps(2) == {1: 2, 2: 4}
