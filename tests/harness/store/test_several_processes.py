"""Several processes at one store: killed writers, and claims."""

import itertools
import multiprocessing
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.execution import attempt as attempts
from harness.store.store import Store
from tests.helpers.stores import result
from tests.helpers.studies import CONFIG


def write_for_ever(place: str) -> None:
    store = Store(place)
    for score in range(10**9):
        store.save(CONFIG, result(float(score)))


def test_a_writer_killed_at_any_moment_leaves_a_complete_record(store: Store) -> None:
    context = multiprocessing.get_context("fork")
    met = set()
    moments = range(40, 240, 10)
    for kills, milliseconds in enumerate(itertools.islice(itertools.cycle(moments), 10 * len(moments))):
        if kills >= len(moments) and len(met) > 5:  # a busy machine writes fewer records in that time
            break
        process = context.Process(target=write_for_ever, args=(store.place,))
        process.start()
        time.sleep(milliseconds / 1000)
        process.kill()
        process.join()
        record = store.record(CONFIG.id)
        assert record is not None
        assert store.has_tables(record)
        assert len(store.predictions(CONFIG.id)) == 4
        assert store.history(CONFIG.id).to_pylist() == [{"step": 1, "loss": record.zero_shot}]
        met.add(record.zero_shot)
    assert len(met) > 5
    assert store.faults == []


def hold(place: str, pipe: Any) -> None:
    with Store(place).claim(CONFIG.id) as mine:
        pipe.send(mine)
        time.sleep(600)


def test_a_claim_belongs_to_one_process_and_ends_with_it(store: Store) -> None:
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    process = context.Process(target=hold, args=(store.place, there))
    process.start()
    assert here.recv()
    with store.claim(CONFIG.id, wait=False) as mine:
        assert not mine
    with store.claim("0" * 16, wait=False) as mine:
        assert mine
    assert attempts.attempt(CONFIG, store, 1, wait=False).held_elsewhere
    process.kill()
    started = time.monotonic()
    with store.claim(CONFIG.id) as mine:
        assert mine
    assert time.monotonic() - started < 10
    process.join()


def test_a_record_of_another_process_meanwhile_is_the_result(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = attempts.attempt(CONFIG, store, 1)
    assert (ended.error, ended.source, ended.zero_shot) == ("", 50.0, 50.0)
    other = replace(CONFIG, seed=7)

    def fails_first(trial: str, **rest: Any) -> Any:
        store.save_failure(other, "ValueError: of the other", "trace")
        return Store.claim(store, trial, **rest)

    monkeypatch.setattr(store, "claim", fails_first)
    assert attempts.attempt(other, store, 1).error == "ValueError: of the other"


def test_without_file_locks_every_claim_succeeds(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(*given: Any) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr("fcntl.flock", unsupported)
    with store.claim(CONFIG.id) as mine:
        assert mine
        with store.claim(CONFIG.id) as also:
            assert also
    monkeypatch.undo()
    Path(store.root, "locks").rename(Path(store.root, "not-locks"))
    Path(store.root, "locks").touch()
    with store.claim(CONFIG.id) as mine:
        assert mine
