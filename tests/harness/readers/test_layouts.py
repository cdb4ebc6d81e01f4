"""Layouts that people have of words and tags: read as what they are, or refused by their name."""

from pathlib import Path

import pytest

from harness.common.errors import UserError
from harness.readers import tagged_words
from harness.tasks import task_named

CONLL_2003 = """-DOCSTART- -X- -X- O

Ann NNP I-NP I-PER
met VBD B-VP O
Oslo NNP B-NP I-ORG

Cleo NNP I-NP I-PER
Dean NNP I-NP I-PER

Bonn NNP I-NP I-LOC
WHO NNP I-NP I-ORG
UN NNP B-NP B-ORG
"""
READ = [
    (("Ann", "met", "Oslo"), ("B-PER", "O", "B-ORG")),
    (("Cleo", "Dean"), ("B-PER", "I-PER")),
    (("Bonn", "WHO", "UN"), ("B-LOC", "B-ORG", "B-ORG")),
]
TWO = "\n\n".join("\n".join(f"{word}\t{tag}" for word, tag in zip(*sentence, strict=True)) for sentence in READ) + "\n"
PANX = task_named("panx").labels


def in_file(folder: Path, content: str, name: str = "test-de.tsv") -> Path:
    file = folder / name
    file.write_text(content, encoding="utf-8")
    return file


@pytest.mark.parametrize("labels", [PANX, ()])
@pytest.mark.parametrize(
    ("content", "scheme"),
    [
        (TWO, ""),
        (CONLL_2003, "IOB1"),
        (CONLL_2003.replace(" ", "\t"), "IOB1"),
        (CONLL_2003.replace(" ", "  ").replace("\n", "  \r\n"), "IOB1"),
        (TWO.replace("B-PER\nDean\tI-PER", "B-PER\nDean\tE-PER").replace("B-ORG", "S-ORG"), "BIOES"),
        (TWO.replace("B-PER\nDean\tI-PER", "B-PER\nDean\tL-PER").replace("B-ORG", "U-ORG"), "BILOU"),
        (TWO.replace("B-PER\nDean\tI-PER", "B-PER\nDean\tE-PER").replace("Bonn\tB", "Bonn\tS"), "BIOES"),
        ("-DOCSTART-\tO\n\n" + TWO + "\n-DOCSTART-\tO\n", ""),
        (TWO.replace("\t", " "), ""),
        ("# id 7 domain=en\n" + TWO.replace("\t", " _ _ ").replace("\n\n", "\n\n\n# id 8 domain=en\n"), ""),
    ],
)
def test_one_content_in_many_layouts(tmp_path: Path, content: str, scheme: str, labels: tuple[str, ...]) -> None:
    file = in_file(tmp_path, content)
    found = tagged_words(file, labels=labels)
    assert found.sentences == READ
    assert found.notes == ((f"{file}: tags in {scheme} are read as IOB2.",) if scheme else ())


def test_any_column(tmp_path: Path) -> None:
    file = in_file(tmp_path, CONLL_2003)
    for column, tags in (("pos", ("NNP", "VBD", "NNP")), ("3", ("I-NP", "B-VP", "B-NP"))):
        assert tagged_words(file, column=column).sentences[0] == (("Ann", "met", "Oslo"), tags)
    for wrong in ("upos", "5", "0"):
        with pytest.raises(UserError, match=f"column {wrong!r}; give one of word, pos, chunk, ner, or a"):
            tagged_words(file, column=wrong)


def test_what_begins_with_a_number_sign_is_a_word_where_it_has_a_tag(tmp_path: Path) -> None:
    for space in ("\t", " "):
        file = in_file(tmp_path, f"I{space}PRON\n#{space}SYM\n#2{space}NUM\n")
        assert tagged_words(file).sentences == [(("I", "#", "#2"), ("PRON", "SYM", "NUM"))]


def test_a_first_word_may_be_a_number_sign(tmp_path: Path) -> None:
    """A comment at the start may have as many columns as a word, but not a tag of other words."""
    file = in_file(tmp_path, "# by me\n\n# SYM O\nAnn NNP O\n")
    assert tagged_words(file).sentences == [(("#", "Ann"), ("O", "O"))]
    for comments in ("# by me\n# my comment", "-DOCSTART- -X- Q\n# file Q", "# default O"):
        text = "Ann NNP O\nmet VBD O\n"
        file = in_file(tmp_path, f"{comments}\n{text if comments != '# default O' else text.replace(' ', chr(9))}")
        assert tagged_words(file).sentences == [(("Ann", "met"), ("O", "O"))]
    file = in_file(tmp_path, "# by me\n# my comment\nAnn NNP O\nmet VBD O\n")
    assert tagged_words(file).sentences == [(("Ann", "met"), ("O", "O"))]


def test_a_malformed_entity_is_left_to_the_data(tmp_path: Path) -> None:
    """In IOB2 a tag of the inside may begin an entity by mistake; in a file where some begin with B it is one."""
    file = in_file(tmp_path, "Ann\tI-PER\n\nOslo\tB-LOC\n")
    assert tagged_words(file, labels=PANX).sentences == [(("Ann",), ("I-PER",)), (("Oslo",), ("B-LOC",))]


def test_a_task_of_another_scheme_has_its_own_tags(tmp_path: Path) -> None:
    file = in_file(tmp_path, "Ann\tS-PER\n\nCleo\tB-PER\nDean\tE-PER\n")
    labels = ("O", "B-PER", "I-PER", "E-PER", "S-PER")
    found = tagged_words(file, labels=labels)
    assert (found.sentences[0], found.notes) == ((("Ann",), ("S-PER",)), ())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("word\ttag\nAnn\tB-PER\n", r":1: the line is a header, 'word\\ttag'; delete it, as sed 1d does"),
        ("-DOCSTART-\tO\n\ntoken pos ner\nAnn NNP O\n", r":3: the line is a header"),
        ("Ann\t1\nmet\t0\n", r":1: the tag '1' is a number; write the names O, B-PER"),
        ("B-PER\tAnn\nO\tmet\n", r":1: the tag 'B-PER' stands before the word 'Ann'; write 'word<TAB>tag'"),
        ("Ann met\tB-PER O\n", r":1: the line has a whole sentence and its tags"),
        ("# source\n1\tAnn\tB-PER\n2\tmet\tO\n", r": the first column numbers the words, as in .* GermEval"),
        ("#begin document (a); part 0\na 0 0 Ann NNP (a* * * * * (PERSON)\n", r":1: .* CoNLL-2012 \(OntoNotes\)"),
        ('{"tokens": ["Ann"], "ner_tags": [1]}\n', r":1: the file has JSON; name it \.jsonl"),
        ("Ann NNP O\nmet O\n", r":2: expected 3 columns as in line 1, found 2: 'met O'"),
        ("Ann\n", r":1: expected 'word<TAB>tag', found 'Ann'"),
        ("-DOCSTART- -X- O\n\n", r": the file has no sentences"),
        ("Ann\tS-GEO\n\nmet\tO\n", r":1: tag: there is no 'B-GEO'\. Did you mean"),
        ("Ann\tE-PER\n", r":1: tag: there is no 'E-PER'"),
        (" \tO\n", r":1: word: ' ' is not allowed"),
        ("de:Ann NNP B-PER\nde:met VBD O\n", r": every word begins with 'de:', as in WikiANN's raw files"),
    ],
)
def test_what_is_not_read_is_named(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(UserError, match=rf"test-de\.tsv{message}"):
        tagged_words(in_file(tmp_path, content), labels=PANX)


def test_any_tag_that_is_not_empty(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r":2: tag: '' is not allowed"):
        tagged_words(in_file(tmp_path, "Ann\tx\nmet\t\n"))
