"""Progress of a running study, on a terminal and without one."""

import io
from collections.abc import Callable

import pytest
from rich.console import Console

from harness.execution.attempt import Attempt
from harness.execution.progress import SweepProgress
from harness.study import TrialConfig
from tests.helpers.observer import Told


def show(trial: Callable[..., TrialConfig], *, terminal: bool) -> str:
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=160)
    trials = [trial(seed=seed) for seed in range(4)]
    told = Told()
    with SweepProgress(
        console, 6, 2, 0, describe=lambda config: f"vanilla [seed={config.seed}]", observer=told
    ) as progress:
        assert progress.state() == "2 done, 0 running, 0 failed, 4 left"
        progress.started(trials[0])
        progress.started(trials[1])
        assert progress.state() == "2 done, 2 running, 0 failed, 2 left"
        progress.ended(trials[0], Attempt("x", 121.4, 91.25, 60.04))
        assert progress.state() == "3 done, 1 running, 0 failed, 2 left, about 3 min"
        progress.ended(trials[1], Attempt("y", error="ValueError: [bold]no"))
        assert progress.state() == "3 done, 0 running, 1 failed, 2 left, about 2 min"
    assert (told.begun, told.over) == (trials[:2], trials[:2])
    return out.getvalue()


def test_progress_without_a_terminal_is_lines(trial: Callable[..., TrialConfig]) -> None:
    lines = show(trial, terminal=False).splitlines()
    assert lines == [
        "3/6  vanilla [seed=0]: en 91.2, zero-shot 60.0 (121 s)  [3 done, 1 running, 0 failed, 2 left, about 3 min]",
        "4/6  vanilla [seed=1]: failed: ValueError: [bold]no  [3 done, 0 running, 1 failed, 2 left, about 2 min]",
    ]


def test_progress_on_a_terminal_is_a_bar_with_colours(trial: Callable[..., TrialConfig]) -> None:
    shown = show(trial, terminal=True)
    assert "\x1b[31mfailed" in shown
    assert "━" in shown


def test_no_color_is_honoured(trial: Callable[..., TrialConfig], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[31m" not in show(trial, terminal=True)
