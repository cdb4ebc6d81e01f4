"""The small files that lie beside the checkout, where there is one, in layouts people have."""

import conllu
import pytest

from harness.common.errors import UserError
from harness.readers import tagged_words
from tests.helpers.xtreme import MOCK

CASES = MOCK.parent / "data"
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not beside this checkout")


def test_iob1_in_four_columns() -> None:
    found = tagged_words(CASES / "conll2003-iob1.txt")
    assert [tags for _, tags in found.sentences] == [
        ("B-ORG", "O", "B-MISC", "O"),
        ("B-PER", "I-PER"),
        ("B-LOC", "B-ORG", "B-ORG"),
    ]
    assert found.notes[0].endswith("conll2003-iob1.txt: tags in IOB1 are read as IOB2.")


def test_conll_u_is_what_the_package_reads() -> None:
    file = CASES / "oddities.conllu"
    parsed = conllu.parse(file.read_text(encoding="utf-8"))
    words = [[token["form"] for token in sentence if isinstance(token["id"], int)] for sentence in parsed]
    assert [[*of] for of, _ in tagged_words(file).sentences] == words
    assert words[2] == ["bước sóng", "_"]


def test_wikianns_prefixes() -> None:
    with pytest.raises(UserError, match="every word begins with 'de:'"):
        tagged_words(CASES / "panx-prefixed-test-de.tsv")
