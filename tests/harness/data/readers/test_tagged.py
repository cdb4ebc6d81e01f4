"""CoNLL files as tables: words, tags and every other column."""

from pathlib import Path

import pytest

from harness.common.errors import UserError
from harness.data import readers
from tests.harness.readers.test_conll_u import ODD
from tests.harness.readers.test_layouts import CONLL_2003, READ, TWO


def table(folder: Path, name: str, content: str):  # type: ignore[no-untyped-def]
    (folder / name).write_text(content, encoding="utf-8")
    return readers.read(folder / name)


@pytest.mark.parametrize("name", ["a.conll", "a.txt", "a.iob2", "a.bio"])
def test_words_and_tags_are_read(tmp_path: Path, name: str) -> None:
    found = table(tmp_path, name, TWO)
    assert [(tuple(words), tuple(tags)) for words, tags in zip(found["words"], found["tags"], strict=True)] == READ


def test_every_column_of_conll_2003_is_read(tmp_path: Path) -> None:
    found = table(tmp_path, "a.conll", CONLL_2003)
    assert list(found) == ["words", "tags", "pos", "chunk", "ner"]
    for column in ("tags", "ner"):
        assert found[column].tolist() == [["I-PER", "O", "I-ORG"], ["I-PER", "I-PER"], ["I-LOC", "I-ORG", "B-ORG"]]
    assert found["pos"][0] == ["NNP", "VBD", "NNP"]


def test_every_column_of_conll_u_is_read(tmp_path: Path) -> None:
    found = table(tmp_path, "a.conllu", ODD)
    assert found["words"][1] == ["Ann", "bước sóng", "_", "#"]
    assert found["tags"][1] == found["upos"][1] == ["PROPN", "NOUN", "SYM", "SYM"]
    assert found["xpos"][1] == [None, "N", None, None]
    assert found["lemma"][0] == ["ir", "a", "el", "mar", "."]


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"a\.conllu:1: expected CoNLL-U's 10 columns"):
        table(tmp_path, "a.conllu", "Ann\tB-PER\n")
    with pytest.raises(UserError, match=r"a\.txt: every word begins with 'de:'"):
        table(tmp_path, "a.txt", "de:Ann\tB-PER\nde:met\tO\n")
