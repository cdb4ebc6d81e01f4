"""Fixtures for the command line: study files and tables of results."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from harness.methods import L2, Vanilla
from harness.store.store import Store
from tests.helpers import synthetic
from tests.helpers.command_line import STUDY
from tests.helpers.report_files import HEAD, table


@pytest.fixture
def study_file(tmp_path: Path) -> Path:
    file = tmp_path / "mine.yaml"
    file.write_text(STUDY, encoding="utf-8")
    return file


FILES: dict[str, str | bytes] = {
    "good.csv": table(),
    "column.csv": table(HEAD.replace("score", "scroe")),
    "nan.csv": table().replace("60", "NaN"),
    "mixed.csv": table(f"{HEAD},test_data", more=lambda row: f"{row},{row.split(',')[1] if ',de,' in row else 'e'}"),
    "binary.csv": bytes(range(256)) * 20,
    "latin.csv": table(more=lambda row: row.replace("plain", "pläin")).encode("latin-1"),
    "utf16.csv": table().encode("utf-16"),
    "gzip.csv.gz": b"not gzipped",
    "empty.csv": "",
    "header.csv": f"{HEAD}\n",
    "seed.csv": table().replace("plain,1,en", "plain,99999999999999999999,en"),
    "examples.csv": table(f"{HEAD},examples", more=lambda row: f"{row},inf"),
    "metric.csv": table(f"{HEAD},metric", more=lambda row: f"{row},accuracy"),
    "dutch.csv": table(more=lambda row: row.replace(",de,", ",nl,")),
    "german.csv": table(f"{HEAD},source", more=lambda row: f"{row},de"),
    "others.csv": table(more=lambda row: row.replace("plain", "gentle").replace("pulled", "firm")),
    "once.csv": table(
        rows=["plain,0,en,90", "plain,0,de,70", "plain,0,hi,50", "pulled,0,en,89", "pulled,0,de,72", "pulled,0,hi,49"]
    ),
    "a file": "x",
    "plain folder/notes.txt": "x",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all files and stores: ``store`` has trials of every status, ``other``, ``nothing`` and ``mixed``
    test sets.
    """
    folder = tmp_path_factory.mktemp("made")
    for name, content in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    (folder / "folder.csv").mkdir()
    small = synthetic.study(3, methods=(Vanilla(), L2(strength=0.1)), rates=2, seeds=2)
    for name in ("store", "other", "mixed"):
        synthetic.store(folder / name, small, histories=False)
    (folder / "nothing" / "studies").mkdir(parents=True)
    shutil.copy(folder / "store" / "store.json", folder / "nothing")
    (folder / "hollow").mkdir()
    planned = synthetic.trials(small)
    planned[0] = replace(planned[0], test_data={**planned[0].test_data, "af": "another"})
    Store(folder / "mixed", create=False).save_study(small, planned)
    return folder
