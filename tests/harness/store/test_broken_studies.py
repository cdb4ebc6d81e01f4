"""A broken study is written anew, and a store without its layout is recognised."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from harness.execution.plan import plan
from harness.fisher import diagonal_files, supply
from harness.methods import Ewc
from harness.store.store import LAYOUT, Store
from harness.study import Study
from tests.helpers.store_files import LOST
from tests.helpers.studies import CONFIG


@pytest.mark.parametrize("damage", ["torn", "lost", "gone"])
def test_a_store_without_its_layout_file_is_recognised_by_its_trials(store: Store, damage: str) -> None:
    file = Path(store.root, "store.json")
    if damage == "torn":
        file.write_bytes(b"\x00" * 14)
    else:
        file.unlink()
    if damage == "lost":
        file.symlink_to(LOST)
    assert Store(store.place, create=False).record(CONFIG.id) is not None
    again = Store(store.place)
    assert again.record(CONFIG.id) is not None
    assert json.loads(file.read_text()) == {"layout": LAYOUT}
    assert len(again.repaired_at_opening) == (damage != "gone")
    assert file.with_name("store.json.broken-1").is_symlink() == (damage == "lost")


@pytest.mark.parametrize("damage", ["cut short", "one bit", "garbage", "empty"])
def test_a_broken_diagonal_is_set_aside_and_computed_again(study: Study, tmp_path: Path, damage: str) -> None:
    (request,) = supply.needed(plan(replace(study, methods=(Ewc(strength=1.0, languages=("de",), examples=2),))))
    values = {name: value.clone() for name, value in diagonal_files.stored(request, tmp_path).items()}
    file = tmp_path / request.name
    whole = file.read_bytes()
    middle = len(whole) // 2
    broken = {
        "cut short": whole[:middle],
        "one bit": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
        "garbage": os.urandom(5000),
        "empty": b"",
    }[damage]
    file.write_bytes(broken)
    assert not diagonal_files.is_stored(request, tmp_path)
    again = diagonal_files.stored(request, tmp_path)
    assert all(torch.equal(again[name], values[name]) for name in values)
    assert diagonal_files.is_stored(request, tmp_path)
    assert file.with_name(f"{file.name}.broken-1").read_bytes() == broken
