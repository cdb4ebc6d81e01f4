"""The store: complete records or none, and refused places."""

import json
import os
from pathlib import Path

import pytest

from harness.common.errors import UserError
from harness.store.record import covers
from harness.store.store import LAYOUT, Store
from harness.study import Study
from tests.helpers.stores import result
from tests.helpers.studies import CONFIG


def files(store: Store) -> list[str]:
    return sorted(f.name for f in Path(store.root, "trials", CONFIG.id).iterdir())


def test_a_result_is_read_back_and_replaced_whole(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    assert store.record(CONFIG.id) is None
    store.save_failure(CONFIG, "ValueError: x", "trace")
    assert store.failures([CONFIG.id])[CONFIG.id].traceback == "trace"
    store.save(CONFIG, result())
    record = store.records([CONFIG.id, "0" * 16])
    assert list(record) == [CONFIG.id]
    assert covers(record[CONFIG.id], CONFIG)
    assert store.failure(CONFIG.id) is None
    table = store.predictions(CONFIG.id).to_pylist()
    assert table[1] == {"split": "test", "language": "en", "example": 1, "gold": [3], "predicted": [-1]}
    store.save(CONFIG, result(60.0))
    assert store.history(CONFIG.id).to_pylist() == [{"step": 1, "loss": 60.0}]
    assert len(files(store)) == 3


def test_a_failure_may_name_a_path_that_is_not_utf8(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    store.save_failure(CONFIG, "OSError: \udcff", "é \udcff")
    found = store.failure(CONFIG.id)
    assert found is not None
    assert (found.error, found.traceback) == ("OSError: \\udcff", "é \\udcff")


def test_a_write_cut_short_leaves_the_old_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "store")
    store.save(CONFIG, result())
    before = store.record(CONFIG.id)
    real = Path.replace

    def dies(self: Path, target: Path) -> Path:
        if target.name == "result.json":
            raise KeyboardInterrupt
        return real(self, target)

    monkeypatch.setattr(Path, "replace", dies)
    with pytest.raises(KeyboardInterrupt):
        store.save(CONFIG, result(60.0))
    monkeypatch.undo()
    assert store.record(CONFIG.id) == before
    assert store.history(CONFIG.id).to_pylist() == [{"step": 1, "loss": 50.0}]
    assert not [name for name in files(store) if name.endswith(".part")]


def test_a_write_interrupted_at_its_very_end_is_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "store")
    real = Path.replace

    def dies(self: Path, target: Path) -> Path:
        real(self, target)
        if target.name == "result.json":
            raise KeyboardInterrupt
        return target

    monkeypatch.setattr(Path, "replace", dies)
    with pytest.raises(KeyboardInterrupt):
        store.save(CONFIG, result())
    monkeypatch.undo()
    assert list(store.standing([CONFIG], files=True).finished) == [CONFIG.id]


def test_a_garbage_record_is_rejected(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    store.save(CONFIG, result())
    file = Path(store.root, "trials", CONFIG.id, "result.json")
    for garbage in (
        b'{"scores": ',
        b"{}",
        b"[]",
        b"\xff\xfe",
        b"",
        b"[" * 100_000,
        file.read_bytes().replace(b"50.0", b'"50"'),
    ):
        file.write_bytes(garbage)
        assert store.record(CONFIG.id) is None
    file.with_name("failure.json").write_text("{}")
    assert store.failure(CONFIG.id) is None
    file.with_name("failure.json").write_text('{"error": 3, "traceback": null, "time": []}')
    assert store.failure(CONFIG.id) is None
    file.unlink()
    file.mkdir()
    assert store.record(CONFIG.id) is None
    (tmp_path / "store" / "studies").mkdir()
    for garbage in ("{", "{}", "[]"):
        (tmp_path / "store" / "studies" / "torn.json").write_text(garbage)
        with pytest.raises(UserError, match=r"studies/torn\.json .* is not the store's"):
            store.study("torn")


def test_a_record_does_not_cover_other_test_data_or_languages() -> None:
    record = result().record
    assert covers(record, CONFIG)
    from dataclasses import replace

    assert not covers(record, replace(CONFIG, test_data={"en": "1", "de": "changed"}))
    assert not covers(record, replace(CONFIG, test_data={"en": "1", "fr": "3"}))
    assert not covers(None, CONFIG)


def test_studies_are_kept_with_their_trials(tmp_path: Path, study: Study) -> None:
    store = Store(tmp_path / "store")
    store.save_study(study, [CONFIG])
    found, trials = store.study("small")
    assert found == study
    assert [trial.id for trial in trials] == [CONFIG.id]
    with pytest.raises(UserError, match=r"there is no 'smal'\. Did you mean 'small'\?"):
        store.study("smal")


def test_a_study_file_with_another_name_is_refused(tmp_path: Path, study: Study) -> None:
    store = Store(tmp_path / "store")
    store.save_study(study, [CONFIG])
    (tmp_path / "store" / "studies" / "small.json").rename(tmp_path / "store" / "studies" / "large.json")
    with pytest.raises(UserError, match=r"studies/large\.json .* is not the store's"):
        store.study("large")


def test_a_study_of_another_version_gives_an_error(tmp_path: Path, study: Study) -> None:
    store = Store(tmp_path / "store")
    store.save_study(study, [CONFIG])
    file = tmp_path / "store" / "studies" / "small.json"
    file.write_text(file.read_text().replace(CONFIG.id, "0" * 16))
    with pytest.raises(UserError, match=r"the study 'small' in .* was run by another version of steadytune"):
        store.study("small")


def test_a_folder_without_write_permission_gives_one_message(tmp_path: Path, study: Study) -> None:
    store = Store(tmp_path / "store")
    (tmp_path / "store" / "studies").touch()
    with pytest.raises(UserError, match=r"store: .* cannot be written: File exists"):
        store.save_study(study, [CONFIG])


def test_a_store_works_on_a_memory_filesystem() -> None:
    store = Store("memory://steadytune-test")
    store.save(CONFIG, result())
    assert Store("memory://steadytune-test", create=False).record(CONFIG.id) is not None
    assert store.predictions(CONFIG.id).num_rows == 4


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (json.dumps({"layout": LAYOUT + 1}), rf"has layout {LAYOUT + 1}, and this version reads layout {LAYOUT}"),
        ("{", r"has a store\.json that is not the store's"),
        ("[]", r"has a store\.json that is not the store's"),
    ],
)
def test_another_layout_is_refused_and_left_unchanged(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "store.json").write_text(content)
    with pytest.raises(UserError, match=message):
        Store(tmp_path)
    assert [(f.name, f.read_text()) for f in tmp_path.iterdir()] == [("store.json", content)]


def test_places_without_a_store_are_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(UserError, match="it exists and is not a store"):
        Store(tmp_path)
    with pytest.raises(UserError, match="it exists and is not a store"):
        Store(tmp_path / "thesis.tex")
    with pytest.raises(UserError, match="does not exist; give the folder"):
        Store(tmp_path / "nothing", create=False)
    assert not (tmp_path / "nothing").exists()
    with pytest.raises(UserError, match="cannot be written"):
        Store("/proc/steadytune-store")
    with pytest.raises(UserError, match="give a folder or a URL that fsspec knows"):
        Store("nonsense://x")
    with pytest.raises(UserError, match="give a folder whose name is UTF-8"):
        Store(os.fsdecode(bytes(tmp_path) + b"/caf\xe9"))
