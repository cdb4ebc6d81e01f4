"""The cache of tokenised data: built once, shared, rebuilt if torn, and never of other data."""

import json
import multiprocessing
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from harness.common.errors import UserError
from harness.data import tokenised
from harness.data.context import TrialContext
from harness.data.origin import Origin
from harness.data.reading import examples
from harness.encoders import loading, pinning
from harness.execution.plan import plan
from harness.study import Study, TrialConfig
from harness.tasks import task_named
from harness.training.trial import run_trial
from tests.helpers.studies import SHORT

EMBEDDED = pinning.find("embedded")


@pytest.fixture(autouse=True)
def _forget() -> None:
    """Forget cached data, as in a new process."""
    tokenised.encoded.cache_clear()


def entries(cache: Path) -> list[Path]:
    return [folder for folder in (cache / "tokenised").iterdir() if folder.is_dir()]


@pytest.fixture
def study(study: Study) -> Study:
    """A study on all of the embedded data."""
    return replace(study, data="embedded")


def test_an_entry_is_memory_mapped_and_has_the_rows_of_the_task(
    trial: Callable[..., TrialConfig], tmp_path: Path
) -> None:
    part = TrialContext.of(trial(), tmp_path).encoded("test", "de")
    sentences = examples(Origin("udpos", "embedded"), "test", "de").rows
    expected = task_named("udpos").encode(sentences, loading.tokenizer(EMBEDDED), SHORT.max_length)
    assert part.rows.to_dict() == expected.to_dict()
    assert part.gold == task_named("udpos").gold(sentences)
    assert part.rows.cache_files[0]["filename"].endswith(".arrow")
    assert 0 <= part.unknown < 0.1


def test_an_entry_is_built_once(
    trial: Callable[..., TrialConfig], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    TrialContext.of(trial(), tmp_path).encoded("test", "de")
    tokenised.encoded.cache_clear()
    monkeypatch.setattr(tokenised, "_build", None)  # whatever were built now would fail
    again = replace(trial(), seed=9, data="/moved/away")  # another trial; the data need not even be there
    assert len(TrialContext.of(again, tmp_path).encoded("test", "de").rows) == 100


def test_a_process_with_a_full_cache_needs_no_tokenizer(study: Study, cut: Path, tmp_path: Path) -> None:
    encoder = tmp_path / "encoder"
    shutil.copytree(EMBEDDED.path, encoder)
    config = plan(replace(study, data=str(cut), encoder=str(encoder)))[0]
    first = run_trial(config, cache=tmp_path)
    assert loading.tokenizer.cache_info().currsize == 0
    for file in encoder.glob("tokenizer*"):
        file.unlink()
    tokenised.encoded.cache_clear()
    again = run_trial(config, cache=tmp_path)
    assert again.scored == first.scored
    assert again.history == first.history


def test_each_length_task_and_data_set_has_a_separate_entry(
    trial: Callable[..., TrialConfig], study: Study, tmp_path: Path
) -> None:
    TrialContext.of(trial(), tmp_path).encoded("test", "de")
    TrialContext.of(trial(), tmp_path).encoded("test", "en")
    TrialContext.of(trial(setting=replace(SHORT, max_length=16)), tmp_path).encoded("test", "de")
    pairs = plan(replace(study, task="pawsx", targets=("de",)))[0]
    TrialContext.of(pairs, tmp_path).encoded("test", "de")
    assert len(entries(tmp_path)) == 4


@pytest.mark.parametrize(
    "damage", ["cut short", "changed", "removed", "no sums", "garbage sums", "of a former version"]
)
def test_a_torn_entry_is_rebuilt(trial: Callable[..., TrialConfig], tmp_path: Path, damage: str) -> None:
    whole = TrialContext.of(trial(), tmp_path).encoded("test", "de").rows.to_dict()
    tokenised.encoded.cache_clear()
    (entry,) = entries(tmp_path)
    arrow = next((entry / "rows").glob("*.arrow"))
    content = arrow.read_bytes()
    match damage:
        case "cut short":
            arrow.write_bytes(content[: len(content) // 2])
        case "changed":
            arrow.write_bytes(content[:5000] + b"\x00\x01\x02" + content[5003:])
        case "removed":
            (entry / "gold" / "state.json").unlink()
        case "no sums":
            (entry / tokenised.SUMS).unlink()
        case "of a former version":
            (entry / tokenised.SPECIAL_TOKENS).unlink()
            (entry / tokenised.SUMS).write_text(json.dumps(tokenised._sums(entry)))
        case _:
            (entry / tokenised.SUMS).write_text("{")
    assert TrialContext.of(trial(), tmp_path).encoded("test", "de").rows.to_dict() == whole
    assert tokenised._is_whole(entry)


def test_a_partial_entry_is_replaced(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    TrialContext.of(trial(), tmp_path).encoded("test", "de")
    tokenised.encoded.cache_clear()
    (entry,) = entries(tmp_path)
    entry.rename(entry.with_suffix(".part"))  # as a process leaves it that is killed
    (entry.with_suffix(".part") / tokenised.SUMS).unlink()
    assert len(TrialContext.of(trial(), tmp_path).encoded("test", "de").rows) == 100
    assert entries(tmp_path) == [entry]


def build(config: TrialConfig, cache: Path, pipe: Connection) -> None:
    """Tell how often this process built the rows, how many there are, and the sum of their ids."""
    built = []
    real = tokenised._build
    tokenised._build = lambda *given: (time.sleep(1), built.append(1), real(*given))
    rows = TrialContext.of(config, cache).encoded("test", "de").rows
    pipe.send((len(built), len(rows), sum(map(sum, rows["input_ids"]))))


def test_two_simultaneous_processes_build_an_entry_once(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    fork = multiprocessing.get_context("fork")
    pipes = [fork.Pipe() for _ in range(2)]
    both = [fork.Process(target=build, args=(trial(), tmp_path, there)) for _, there in pipes]
    for process in both:
        process.start()
    for process in both:
        process.join()
        assert process.exitcode == 0
    told = sorted(here.recv() for here, _ in pipes)
    assert [built for built, *_ in told] == [0, 1]
    assert told[0][1:] == told[1][1:]
    assert len(entries(tmp_path)) == 1


def test_data_that_changed_after_planning_is_refused(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    config = replace(trial(), test_data={"en": "0" * 16, "de": "0" * 16})
    with pytest.raises(UserError, match="data: the test data for 'de' changed since the study was planned"):
        TrialContext.of(config, tmp_path).encoded("test", "de")
    assert not (tmp_path / "tokenised").exists()


def test_a_read_only_cache_gives_one_message(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    (tmp_path / "tokenised").write_text("in the way")
    with pytest.raises(UserError, match=r"store: the tokenised data cannot be kept in '.*/tokenised': File exists"):
        TrialContext.of(trial(), tmp_path).encoded("test", "de")


def test_slices_equal_a_single_call(
    trial: Callable[..., TrialConfig], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = TrialContext.of(trial(), tmp_path / "whole").encoded("test", "de").rows.to_dict()
    monkeypatch.setattr(tokenised, "SLICE", 7)
    assert TrialContext.of(trial(), tmp_path / "sliced").encoded("test", "de").rows.to_dict() == whole


def test_unknown_sub_words_are_counted(study: Study, tmp_path: Path) -> None:
    """The embedded vocabulary has hardly any Korean."""
    config = plan(replace(study, task="pawsx", targets=("ko", "de")))[0]
    korean, german = (TrialContext.of(config, tmp_path).encoded("test", language) for language in ("ko", "de"))
    assert german.unknown < 0.5
    assert korean.unknown > 5
    ids = [i for row in korean.rows["input_ids"] for i in row]
    assert korean.unknown == pytest.approx(100 * ids.count(3) / len(ids))
