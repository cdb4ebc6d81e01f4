"""The first sentences of XTREME's files, for the example studies."""

import subprocess
import sys
from pathlib import Path

from harness.readers.cut import SENTENCES, cut


def test_files_keep_their_first_sentences_and_train_all(tmp_path: Path) -> None:
    sentences = [f"word{number}\tNOUN\nend\tPUNCT\n" for number in range(400)]
    source = tmp_path / "udpos"
    source.mkdir()
    for name in ("train-en", "dev-en", "test-de"):
        (source / f"{name}.tsv").write_text("\n".join(sentences), encoding="utf-8")
    (source / "note.txt").write_text("no sentences", encoding="utf-8")

    cut(source, tmp_path / "cut")

    assert sorted(file.name for file in (tmp_path / "cut").iterdir()) == ["dev-en.tsv", "test-de.tsv", "train-en.tsv"]
    for name, number in (("train-en", 400), ("dev-en", SENTENCES["dev"]), ("test-de", SENTENCES["test"])):
        assert (tmp_path / "cut" / f"{name}.tsv").read_text(encoding="utf-8") == "\n".join(sentences[:number])


def test_empty_lines_that_repeat_or_hold_blanks_end_one_sentence(tmp_path: Path) -> None:
    source = tmp_path / "panx"
    source.mkdir()
    (source / "test-de.tsv").write_text("\nBonn\tB-LOC\n \n\n\nich\tO\n\n", encoding="utf-8")
    cut(source, tmp_path / "cut")
    assert (tmp_path / "cut" / "test-de.tsv").read_text(encoding="utf-8") == "Bonn\tB-LOC\n\nich\tO\n"


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "harness.readers.cut", str(tmp_path / "none"), str(tmp_path / "cut")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr == f"steadytune: no .tsv files of udpos or panx under {tmp_path / 'none'}\n"
    assert not (tmp_path / "cut").exists()
