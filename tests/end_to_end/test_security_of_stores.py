"""A hostile store: the program reads and removes only its own files."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.cli.main import main
from harness.common.errors import UserError
from harness.store.record_json import to_json
from harness.store.store import Store
from harness.study import Study
from tests.helpers import synthetic
from tests.helpers.stores import recorded, result
from tests.helpers.studies import CONFIG


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with one finished trial."""
    found = Store(tmp_path / "store")
    found.save(CONFIG, result())
    return found


def crafted(store: Store, **changes: Any) -> Path:
    file = Path(store.root, "trials", CONFIG.id, "result.json")
    record = json.loads(file.read_text())
    del record["checksum"]
    file.write_text(json.dumps({**record, **changes}))
    return file


PLACES = [
    "../../precious",
    "/PRECIOUS",
    "..",
    ".",
    "/",
    "",
    "predictions-a.parquet/../../../../precious",
    "predictions-\0.parquet",
    "weights-a/..",
    ["/"],
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("key", ["predictions", "history", "weights"])
def test_what_a_record_names_is_beside_it_or_it_is_none(store: Store, tmp_path: Path, key: str, place: Any) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.tex").touch()
    crafted(store, **{key: place.replace("/PRECIOUS", str(precious)) if isinstance(place, str) else place})
    assert store.record(CONFIG.id) is None
    for read in (store.predictions, store.history):
        with pytest.raises(KeyError):
            read(CONFIG.id)
    with store.weights(CONFIG.id) as folder:
        assert folder is None
    store.save(CONFIG, result(60.0))
    assert (precious / "thesis.tex").exists()
    assert Path(store.root, "store.json").exists()
    assert recorded(store, CONFIG.id).zero_shot == 60.0


def test_a_record_names_no_language_that_is_a_path(store: Store) -> None:
    """A record's languages are scored again with the requested ones, and each names a file."""
    scores = to_json(result().record)["scores"]
    crafted(store, scores={**scores, "test": {**scores["test"], "../../up": scores["test"]["de"]}})
    assert store.record(CONFIG.id) is None


def test_reporting_a_store_runs_none_of_its_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    made = synthetic.study(2, rates=2, seeds=2)
    synthetic.store(tmp_path / "steadytune-store", made)
    Path("steadytune-store", "task.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    file = Path("steadytune-store", "studies", "synthetic.json")
    whole = json.loads(file.read_text())
    for targets in ("all", whole["study"]["targets"]):
        file.write_text(
            json.dumps({**whole, "study": {**whole["study"], "task": "steadytune-store/task.py", "targets": targets}})
        )
        assert main(["report", "synthetic"]) == (2 if targets == "all" else 0)
    assert not (tmp_path / "ran").exists()
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "name",
    [
        "../store",
        "/etc/passwd",
        "a/../../b",
        "a\0b",
        "x" * 5000,
        ".hidden",
        "-rf",
        "C:\\x",
        "a\\b",
        "con",
        "ａ",
        "a ",
        "",
        ".",
        "~",
    ],
)
def test_no_study_is_called_by_a_path(
    study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    if name != "con":  # reserved by Windows alone
        with pytest.raises(UserError, match=r"name: .* is not allowed; give letters, digits"):
            replace(study, name=name)
    Store(tmp_path / "store")
    before = sorted(tmp_path.rglob("*"))
    for command in (
        ["report", f"./{name}" if name.startswith("-") else name],
        ["show", f"./{name}" if name.startswith("-") else name],
    ):
        assert main([*command, "--store", str(tmp_path / "store")]) == 2
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 2
    assert all(line.startswith("steadytune: ") for line in told)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("code", ["../x", "/x", "d\0", "De", "dé", "ｄe", "d" * 500, "", "-d", ".."])
def test_no_language_is_a_path(study: Study, code: str) -> None:
    with pytest.raises(UserError):
        replace(study, targets=(code,))
    with pytest.raises(UserError):
        replace(study, source=code)


def test_an_older_report_removes_nothing_but_its_own(tmp_path: Path) -> None:
    made = synthetic.study(2, rates=2, seeds=1)
    store = synthetic.store(tmp_path / "store", made, histories=False)
    out, precious = tmp_path / "out", tmp_path / "precious"
    out.mkdir()
    precious.mkdir()
    (precious / "thesis.tex").touch()
    (out / "link").symlink_to(precious)
    (out / "old.csv").touch()
    names = [
        precious / "thesis.tex",
        "../precious/thesis.tex",
        "link/thesis.tex",
        "a\0b",
        "x" * 5000,
        "..",
        "",
        "old.csv",
        "link",
    ]
    (out / ".contents").write_text("\n".join(map(str, names)))
    assert main(["report", made.name, "--store", store.root, "--out", str(out)]) == 0
    assert (precious / "thesis.tex").exists()
    assert not (out / "old.csv").exists()
