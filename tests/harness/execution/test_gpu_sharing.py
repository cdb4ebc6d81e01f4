"""``--trials-per-gpu``: the choice of the number."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cli.main import main
from harness.execution.gpu_sharing import GAIN, advice, best, following, largest, pick
from harness.execution.gpu_sharing_probe import GpuSharing
from harness.methods import L2, Vanilla
from harness.study import TrialConfig
from tests.helpers.studies import SHORT


def packings(rates: Sequence[float], each: float = 1.0, total: float = 100.0) -> list[GpuSharing]:
    """Measurements of 1, 2, 4, ... trials at once, at these rates."""
    return [GpuSharing(2**i, rate, each, total) for i, rate in enumerate(rates)]


def test_more_trials_are_tried_while_speed_grows_and_memory_suffices() -> None:
    assert following(packings([10]), most=64) == 2
    assert following(packings([10, 18]), most=64) == 4
    assert following(packings([10, 18, 18.1]), most=64) is None  # nothing gained
    assert following(packings([10, 18], each=30), most=64) == 3  # four would not fit
    assert following(packings([10, 18], each=45), most=64) is None
    assert following(packings([10, 18]), most=3) == 3
    assert following(packings([10, 18]), most=2) is None
    assert following(packings([10], each=99), most=64) is None


def test_the_smallest_of_the_fastest_numbers_is_chosen() -> None:
    assert best(packings([10])) == 1
    assert best(packings([10, 18, 30])) == 4
    assert best(packings([10, 18, 18.1])) == 2
    assert best(packings([10, 9])) == 1
    assert best([*packings([10, 18]), GpuSharing(4, 30, 30, 100)]) == 2  # four took more memory than expected
    assert best([GpuSharing(1, 10, 99, 100)]) == 1


def test_the_gain_from_mps_is_only_reported() -> None:
    alone = packings([10, 18])
    assert advice(alone, packings([10, 18, 18.5])) == "    2 at once are 1.00 times as fast as without it: not worth it"
    assert advice(alone, packings([10, 18, 36])) == (
        "    4 at once are 2.00 times as fast as without it; start MPS (nvidia-cuda-mps-control -d) and give "
        "--trials-per-gpu 4"
    )


@pytest.mark.parametrize("there", [True, False])
def test_the_chosen_number_is_measured_without_mps(
    trial: Callable[..., TrialConfig], monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    """The measurements are made up, because only the choice of the number is tested."""
    on: list[bool] = []

    @contextmanager
    def running() -> Iterator[bool]:
        on.append(there)
        yield there
        on.pop()

    def measured(config: TrialConfig, trials: int, **rest: object) -> GpuSharing:
        return GpuSharing(trials, 10.0 * min(trials, 8 if on else 2), 1.0, 100.0)

    monkeypatch.setattr("harness.execution.gpu_sharing.mps.running", running)
    monkeypatch.setattr("harness.execution.gpu_sharing.measured", measured)
    lines: list[str] = []
    assert pick([trial()], None, threads=1, most=16, say=lines.append) == 2
    assert any("8 at once are 4.00 times as fast" in line for line in lines) == there


@given(
    rates=st.lists(st.floats(0.1, 1e6), min_size=12, max_size=12),
    each=st.lists(st.floats(0.1, 200), min_size=12, max_size=12),
    most=st.integers(1, 64),
)
def test_any_measurements_give_a_number_that_fits(rates: list[float], each: list[float], most: int) -> None:
    tried = [GpuSharing(1, rates[0], each[0], 100)]
    while (more := following(tried, most)) is not None:
        assert tried[-1].trials < more <= min(2 * tried[-1].trials, most, tried[-1].room)
        tried.append(GpuSharing(more, rates[len(tried)], each[len(tried)], 100))
    assert len(tried) <= 7  # 64 is the sixth power of two
    assert all(later.rate >= (1 + GAIN) * one.rate for one, later in pairwise(tried[:-1]))
    chosen = next(one for one in tried if one.trials == best(tried))
    fitting = [one for one in tried if one.trials <= one.room]
    assert chosen in fitting or (not fitting and chosen.trials == 1)
    assert all(one.rate <= (1 + GAIN) * chosen.rate * (1 + 1e-9) for one in fitting)
    assert all(one.rate < chosen.rate for one in fitting if one.trials < chosen.trials)


def test_the_largest_trial_of_each_kind_of_method_is_tried(trial: Callable[..., TrialConfig]) -> None:
    long, cut = replace(SHORT, max_length=64), replace(SHORT, max_length=64, batch_size=8, accumulation=4)
    trials = [
        trial(L2(strength=0.1)),
        trial(L2(strength=1.0), setting=replace(SHORT, batch_size=8)),
        trial(Vanilla(), setting=cut),
    ]
    trials += [trial(Vanilla(), setting=long), trial(Vanilla(), seed=1)]
    assert largest(trials) == [trials[1], trials[4]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--trials-per-gpu", "0"],
            "--trials-per-gpu: '0' is not allowed; give a whole number of at least 1, or 'auto'",
        ),
        (
            ["--trials-per-gpu", "many"],
            "--trials-per-gpu: 'many' is not allowed; give a whole number of at least 1, or 'auto'",
        ),
        (
            ["--trials-per-gpu", "4", "--gpus-per-trial", "1"],
            "--gpus-per-trial: 1.0 is not allowed; give 0.25, or leave it out, with",
        ),
        (
            ["--trials-per-gpu", "auto", "--gpus-per-trial", "0.5"],
            "--gpus-per-trial: 0.5 is not allowed; give it without",
        ),
        (
            ["--trials-per-gpu", "auto", "--ray-address", "auto"],
            "--trials-per-gpu: 'auto' is not allowed; give a number with --ray-address",
        ),
    ],
)
@pytest.mark.parametrize("command", ["run", "search"])
def test_options_that_contradict_each_other_are_refused(
    command: str, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, "quickstart", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_trials_cannot_share_a_missing_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    for command in (["run", "quickstart"], ["run", "quickstart", "--dry-run"], ["search", "search/udpos"]):
        for number in ("auto", "3"):
            assert main([*command, "--trials-per-gpu", number]) == 2
            assert (
                "steadytune: --trials-per-gpu: this machine has no GPU for trials to share" in capsys.readouterr().err
            )
    assert main(["run", "quickstart", "--local", "--trials-per-gpu", "3"]) == 2
    assert "--trials-per-gpu: '3' is not allowed; give it without --local" in capsys.readouterr().err
    assert not [*tmp_path.iterdir()], "a mistake leaves nothing behind"
