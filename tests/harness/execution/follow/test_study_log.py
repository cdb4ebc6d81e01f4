"""The log file of a study, and heartbeats and display of a real trial."""

import io
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from harness.common.console import say
from harness.execution.attempt import attempt
from harness.execution.follow import display
from harness.execution.follow.display import Display
from harness.execution.follow.study_log import study_console
from harness.execution.progress import SweepProgress
from harness.execution.resources import Resources
from harness.store.heartbeats import Heartbeat, Heartbeats
from harness.store.store import Store
from harness.study import TrialConfig
from tests.helpers.observer import Told


def lines(store: Store) -> list[str]:
    text = (store.logs / "mine.log").read_text()
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ \S+ \d+  ", line) for line in text.splitlines())
    return [line.split("  ", 1)[1] for line in text.splitlines()]


def test_the_log_has_the_console_output_and_no_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_API_KEY", "hunter2hunter2")
    store = Store(tmp_path / "store")
    secrets = "https://me:pass@host/x?X-Amz-Signature=abc&a=1 hf_abcdefghijklmnop hunter2hunter2"
    with study_console(store, "mine", "run") as console, study_console(store, "mine", "run") as other:
        say(console, "[red]failed[/red]: \\[bold]")
        other.print("of [another]", markup=False)
        say(console, secrets)
    with pytest.raises(KeyboardInterrupt), study_console(store, "mine", "run"):
        raise KeyboardInterrupt
    assert lines(store) == [
        "steadytune run mine",
        "steadytune run mine",
        "failed: [bold]",
        "of [another]",
        "https://***@host/x?X-Amz-Signature=***&a=1 *** ***",
        "ended",
        "ended",
        "steadytune run mine",
        "interrupted; finished work is kept; run the same command again to continue",
    ]


def test_a_trial_is_followed_and_its_end_is_logged(
    trial: Callable[..., TrialConfig], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.store.heartbeats.LOCAL_SECONDS", 0.02)
    monkeypatch.setattr(display, "SAID_EVERY", 0.0)
    beats: list[Heartbeat] = []
    beat = Heartbeats.beat

    def kept(self: Heartbeats, heartbeat: Heartbeat) -> None:
        beats.append(heartbeat)
        beat(self, heartbeat)

    monkeypatch.setattr(Heartbeats, "beat", kept)
    store, config = Store(tmp_path / "store"), trial()
    with (
        study_console(store, "mine", "run") as console,
        SweepProgress(console, 1, 0, 0, lambda config: "vanilla", Told(), store) as progress,
    ):
        progress.started(config)
        progress.ended(config, attempt(config, store, Resources(local=True)))
    assert not store.heartbeats()
    assert {one.phase for one in beats} >= {"preparing", "training"}
    assert beats[-1].history == store.history(config.id).to_pylist()[: len(beats[-1].history)]
    log = lines(store)
    assert log[:2] == ["steadytune run mine", "started: vanilla"]
    assert any(line.startswith("running: vanilla: ") for line in log)
    assert re.match(r"1/1  vanilla: en \d+\.\d, zero-shot \d+\.\d \(\d+ s\)", log[-2])


def test_of_many_trials_each_gets_lines_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(display, "SAID_EVERY", 0.0)
    out = io.StringIO()
    shown = Display(Console(file=out, width=200), None, None)
    for number in range(3 * display.LINES):
        shown.add(str(number), f"trial {number}")
        shown.heard[str(number)] = Heartbeat(id=str(number), host="h", process=1, since=0.0, time=0.0, phase="training")
    for rounds in (1, 2, 3):
        shown._say()
        found = re.findall(r"running: trial (\d+): ", out.getvalue())
        assert found == [str(number) for number in range(rounds * display.LINES)]


def test_the_live_display_fits_eighty_columns() -> None:
    out = io.StringIO()
    shown = Display(Console(file=out, force_terminal=True, width=80), None, None)
    for number in range(12):
        shown.add(str(number), "a description that is far longer than any terminal is wide, " * 2)
    beat = Heartbeat(
        id="0", host="h", process=1, since=0.0, time=time.time(), phase="training", step=1234, steps=2345,
        loss=1.234, tokens_per_second=12345.0, seconds_left=5000.0,
    )  # fmt: skip
    shown.heard = {"0": beat}
    console = Console(file=out, width=80)
    console.print(shown.shown())
    first, *rest = out.getvalue().splitlines()
    assert first.endswith(": training, step 1234 of 2345, loss 1.23, 12345 tokens/s, 83 min left")
    assert rest[-1] == "  and 4 more"
    assert all(len(line) <= 80 for line in [first, *rest])
