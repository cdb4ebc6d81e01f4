"""Broken Fisher diagonals are found, set aside and computed again."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.cli.main import main
from harness.execution.plan import plan
from harness.fisher import diagonal_files, supply
from harness.methods import Ewc
from harness.store.store import Store
from harness.study import Study
from tests.helpers.store_files import STUDY


@pytest.mark.parametrize("where", ["the store", "this node"])
def test_a_diagonal_that_a_node_got_torn_is_mended_where_it_is_broken(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setattr("pathlib.Path.home", lambda: tmp_path)
    store = Store(f"memory://torn-{where.replace(' ', '-')}")
    (request,) = supply.needed(plan(replace(study, methods=(Ewc(strength=1.0, languages=("de",), examples=2),))))
    file = supply.provide(request, store, 1)
    whole = file.read_bytes()
    if where == "the store":
        store.write(request.name, whole[:-9])
        (store.cache / request.name).unlink()
    else:
        (store.cache / request.name).write_bytes(whole[:-9])
        monkeypatch.setattr("harness.fisher.diagonal_files.diagonal", None)  # it is copied again, not computed
    assert supply.provide(request, store, 1) == file
    assert diagonal_files.is_stored(request, store.cache)
    assert store.read(request.name) == file.read_bytes()
    assert store.exists(f"{request.name}.broken-1") == (where == "the store")


def test_a_fisher_command_says_what_it_set_aside(cut: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study_file = tmp_path / "mine.yaml"
    study_file.write_text(STUDY.format(cut=cut, steps=2, seeds=[0]), encoding="utf-8")
    command = [
        "fisher",
        str(study_file),
        "--store",
        str(tmp_path / "store"),
        "--local",
        "--examples",
        "2",
        "--text",
        "embedded",
    ]
    assert main(command) == 0
    (file, _) = sorted((tmp_path / "store" / "fisher").glob("*.safetensors"))
    torn = file.read_bytes()[:-1]
    file.unlink()  # the file is mapped
    file.write_bytes(torn)
    capsys.readouterr()
    assert main(command) == 0
    assert (
        f"Set aside: fisher/{file.name}.broken-1 was broken, and is made again when needed." in capsys.readouterr().out
    )
