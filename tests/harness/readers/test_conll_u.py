"""CoNLL-U against the conllu package."""

from pathlib import Path

import conllu
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.common.errors import UserError
from harness.readers import tagged_words
from tests.helpers.examples import examples

ODD = """# newdoc id = d
# sent_id = 1
# text = Vamos al mar .
1\tVamos\tir\tVERB\t_\t_\t0\troot\t_\t_
2-3\tal\t_\t_\t_\t_\t_\t_\t_\t_
2\ta\ta\tADP\t_\t_\t4\tcase\t_\t_
3\tel\tel\tDET\t_\t_\t4\tdet\t_\t_
4\tmar\tmar\tNOUN\t_\t_\t1\tobl\t_\tSpaceAfter=No
5\t.\t.\tPUNCT\t_\t_\t1\tpunct\t_\t_

# sent_id = 2
1\tAnn\tAnn\tPROPN\t_\t_\t2\tnsubj\t_\t_
1.1\thas\thave\tVERB\t_\t_\t_\t_\t2:conj\t_
2\tbước sóng\tbước sóng\tNOUN\tN\tA=B|C=D\t0\troot\t_\t_
3\t_\t_\tSYM\t_\t_\t2\tdep\t_\t_
4\t#\t#\tSYM\t_\t_\t2\tdep\t_\t_

"""


def in_file(folder: Path, content: str, name: str = "test-es.conllu") -> Path:
    file = folder / name
    file.write_text(content, encoding="utf-8")
    return file


@pytest.mark.parametrize("name", ["test-es.conllu", "test-es.tsv", "test-es.txt"])
def test_contractions_empty_nodes_comments_and_odd_words(tmp_path: Path, name: str) -> None:
    assert tagged_words(in_file(tmp_path, ODD, name)).sentences == [
        (("Vamos", "a", "el", "mar", "."), ("VERB", "ADP", "DET", "NOUN", "PUNCT")),
        (("Ann", "bước sóng", "_", "#"), ("PROPN", "NOUN", "SYM", "SYM")),
    ]


def test_another_column(tmp_path: Path) -> None:
    file = in_file(tmp_path, ODD)
    assert tagged_words(file, column="deprel").sentences[0][1] == ("root", "case", "det", "obl", "punct")
    with pytest.raises(UserError, match=r"test-es\.conllu:4: the word 'Vamos' has no xpos"):
        tagged_words(file, column="xpos")
    with pytest.raises(UserError, match="there is no column 'ner'; give one of id, form, lemma, upos"):
        tagged_words(file, column="ner")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (("1\tAnn\tAnn\tPROPN", "Ann\tAnn\tPROPN"), r":12: expected CoNLL-U's 10 columns with tabs between"),
        (("1\tAnn", "one\tAnn"), r":12: no line of CoNLL-U: .*'one' is not a valid ID"),
        (("PROPN", "NAME"), r":12: tag: there is no 'NAME'"),
        (("bước sóng\tbước", "bước  sóng\tbước"), r":14: expected CoNLL-U's 10 columns"),
    ],
)
def test_malformed_lines_are_named(tmp_path: Path, wrong: tuple[str, str], message: str) -> None:
    labels = ("ADP", "DET", "NOUN", "PROPN", "PUNCT", "SYM", "VERB")
    with pytest.raises(UserError, match=r"test-es\.conllu" + message):
        tagged_words(in_file(tmp_path, ODD.replace(*wrong)), labels=labels)


WORD = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=4)
SENTENCE = st.lists(st.tuples(WORD, st.sampled_from(["NOUN", "X", "SYM"])), min_size=1, max_size=4)


@settings(max_examples=examples(200), deadline=None)
@given(sentences=st.lists(SENTENCE, min_size=1, max_size=4))
def test_words_and_tags_are_those_of_the_package(
    sentences: list[list[tuple[str, str]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    lines = [
        [
            "# text = any",
            *(f"{at}\t{word}\t_\t{tag}\t_\t_\t0\t_\t_\tA=b" for at, (word, tag) in enumerate(of, 1)),
            f"{len(of)}.1\tempty\t_\tVERB\t_\t_\t_\t_\t_\t_",
            "",
        ]
        for of in sentences
    ]
    content = "\n".join(line for part in lines for line in part) + "\n"
    file = in_file(tmp_path_factory.getbasetemp(), content)
    expected = [
        tuple(tuple(token[name] for token in parsed if isinstance(token["id"], int)) for name in ("form", "upos"))
        for parsed in conllu.parse(content)
    ]
    assert tagged_words(file).sentences == expected
