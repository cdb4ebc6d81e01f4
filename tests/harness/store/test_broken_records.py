"""Broken records and reasons are found, set aside and made again, and never used."""

import copy
import json
import math
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analysis.results.from_store import load
from analysis.results.view import View
from analysis.sections import provenance
from harness.execution.costs.past import comparable
from harness.store.store import Store
from harness.study import Study
from tests.helpers.store_files import LOST, changed, file_of
from tests.helpers.stores import result
from tests.helpers.studies import CONFIG


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda content: b"",
        lambda content: b"\x00" * len(content),
        lambda content: b"[]",
        lambda content: b"[" * 100_000,
        changed("id", to="0" * 16),
        changed("config", "seed", to=1),
        changed("config", "setting", "learning_rate", to=0.1),
        changed("config", "method", "strength", to=0.2),
        changed("zero_shot", to=math.nan),
        changed("collapsed", to="no"),
        changed("scores", "test", "de", "f1", to=math.nan),
        changed("scores", "test", "de", "f1", to="50"),
        changed("scores", "test", to=[]),
        changed("cost", "seconds", to=None),
        changed("provenance", to={}),
        changed("predictions", to="../../store.json"),
    ],
)
def test_a_broken_record_is_set_aside_and_made_again(store: Store, damage: Callable[[bytes], bytes]) -> None:
    file = file_of(store, "result.json")
    whole = file.read_bytes()
    broken = damage(whole)
    file.write_bytes(broken)
    standing = store.standing([CONFIG])
    assert not standing.finished
    assert not standing.outdated
    assert file.read_bytes() == broken  # reading writes nothing
    (moved,) = store.repair()
    assert not file.exists()
    assert file.with_name("result.json.broken-1").read_bytes() == broken
    assert store.faults == []
    assert str(moved).startswith(f"trials/{CONFIG.id}/result.json is broken (")
    assert str(moved).endswith("): it is now result.json.broken-1")
    store.save(CONFIG, result())
    assert list(store.standing([CONFIG], files=True).finished) == [CONFIG.id]
    file.write_bytes(broken)
    store.standing([CONFIG])
    store.repair()
    assert file.with_name("result.json.broken-2").exists()


def test_a_record_with_lost_bytes_is_broken_too(store: Store) -> None:
    file = file_of(store, "result.json")
    file.unlink()
    file.symlink_to(LOST)
    assert store.record(CONFIG.id) is None
    assert [str(fault) for fault in store.faults] == [f"trials/{CONFIG.id}/result.json is broken (Input/output error)"]
    store.save(CONFIG, result())
    assert file.with_name("result.json.broken-1").is_symlink()
    assert store.record(CONFIG.id) is not None


def test_a_record_that_another_process_repaired_is_not_set_aside(store: Store) -> None:
    file = file_of(store, "result.json")
    whole = file.read_bytes()
    file.write_bytes(b"{")
    assert store.record(CONFIG.id) is None
    Store(store.place).save(CONFIG, result())
    assert store.repair() == []
    assert json.loads(file.read_bytes())["scores"] == json.loads(whole)["scores"]
    assert file.with_name("result.json.broken-1").read_bytes() == b"{"  # by the other store object, which found it too


def test_a_flipped_digit_is_set_aside(store: Store) -> None:
    """Digits of scores, cost and provenance are each replaced by a digit that differs in one bit."""
    file = file_of(store, "result.json")
    whole = file.read_bytes()
    digits = [place for place, byte in enumerate(whole) if chr(byte).isdigit()]
    for place in digits[:: max(1, len(digits) // 60)]:
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        again = Store(store.place)
        assert again.record(CONFIG.id) is None, whole[place - 20 : place + 20]
        assert [fault.name for fault in again.faults] == [f"trials/{CONFIG.id}/result.json"]
    file.write_bytes(whole)
    assert store.record(CONFIG.id) is not None


def paths(value: Any, way: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key in value if isinstance(value, dict) else ():
        yield (*way, key)
        yield from paths(value[key], (*way, key))


@pytest.mark.nightly
def test_any_altered_record_is_refused_or_can_be_reported(store: Store, study: Study) -> None:
    """Every value of a record is replaced by other values, or removed."""
    store.save_study(replace(study, methods=(CONFIG.method,), targets=("de",)), [CONFIG])
    file = file_of(store, "result.json")
    whole = json.loads(file.read_bytes())
    del whole["checksum"]  # with a checksum all are refused
    believed = 0
    for path in paths(whole):
        for value in (None, "x", -1, math.nan, True, [], {}, [1], {"x": 1}, ...):
            record = copy.deepcopy(whole)
            inner = record
            for key in path[:-1]:
                inner = inner[key]
            if value is ...:
                del inner[path[-1]]
            else:
                inner[path[-1]] = value
            file.write_text(json.dumps(record))
            found = load(store, "small")
            provenance.table(View(found))
            comparable([CONFIG], store, "none")
            believed += (found.trials["status"] == "finished").all()
    assert 0 < believed < 200


@pytest.mark.parametrize("name", ["failure.json", "stopped.json"])
@pytest.mark.parametrize(
    "garbage", [b"", b"{", b"[]", b'{"id": 1, "error": 2, "traceback": [], "time": null, "config": 3}']
)
def test_broken_reasons_are_set_aside(tmp_path: Path, name: str, garbage: bytes) -> None:
    store = Store(tmp_path / "store")
    store.save_failure(CONFIG, "ValueError: x", "trace")
    file = file_of(store, "failure.json").with_name(name)
    file.write_bytes(garbage)
    if name == "failure.json":
        assert not store.standing([CONFIG]).failures
        store.save_failure(CONFIG, "ValueError: y", "trace")
        assert store.failures([CONFIG.id])[CONFIG.id].error == "ValueError: y"
    else:
        assert store.stopped(CONFIG.id) is None
        store.save_stopped(CONFIG, {"study": "small"})
        assert (store.stopped(CONFIG.id) or {})["study"] == "small"
    assert file.with_name(f"{name}.broken-1").read_bytes() == garbage


@pytest.mark.parametrize("kind", ["predictions", "history"])
@pytest.mark.parametrize("damage", ["cut short", "garbage", "of another trial"])
def test_a_broken_table_is_found_on_reading(store: Store, tmp_path: Path, kind: str, damage: str) -> None:
    file = file_of(store, f"{kind}-*.parquet")
    whole = file.read_bytes()
    if damage == "cut short":
        file.write_bytes(whole[:-10])
    elif damage == "garbage":
        file.write_bytes(os.urandom(len(whole)))
    else:
        other = Store(tmp_path / "other")
        other.save(CONFIG, result(60.0) if kind == "history" else replace(result(), scored=result().scored[:1]))
        file.write_bytes(file_of(other, f"{kind}-*.parquet").read_bytes())
    read = {"predictions": store.predictions, "history": store.history}[kind]
    with pytest.raises(ValueError, match="its content does not match its name"):
        read(CONFIG.id)
    assert list(store.standing([CONFIG], files=True).finished) == [CONFIG.id]  # its scores are unchanged
    store.repair()
    assert file.with_name(f"{file.name}.broken-1").exists()
    assert list(store.standing([CONFIG]).finished) == [CONFIG.id]
    assert list(store.standing([CONFIG], files=True).outdated) == [CONFIG.id]
    store.save(CONFIG, result())
    assert file.read_bytes() == whole
