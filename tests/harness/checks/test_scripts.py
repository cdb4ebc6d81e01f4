"""Scripts of texts and languages, and that the shipped text is in its languages' own."""

import pytest

from harness import embedded
from harness.checks.scripts import expected, shares
from harness.tasks import TASKS


def test_shares_of_letters() -> None:
    assert shares(["abc, 123", "где"]) == {"Latin": 50.0, "Cyrillic": 50.0}
    assert [*shares(["漢字かなカナ", "한"])] == ["Kana", "Han", "Hangul"]
    assert shares(["नमस्ते"]).keys() == {"Devanagari"}
    assert shares(["12 !?"]) == {}


@pytest.mark.parametrize("file", sorted(embedded.TEXT.glob("*.txt")), ids=lambda file: file.stem)
def test_shipped_text_is_in_its_languages_own(file) -> None:  # type: ignore[no-untyped-def]
    found = shares(file.read_text(encoding="utf-8").splitlines()[:200])
    assert sum(found.get(script, 0.0) for script in expected(file.stem)) > 90


def test_languages() -> None:
    assert expected("sr") == {"Latin", "Cyrillic"}
    assert expected("sr-Latn") == expected("deu_Latn") == {"Latin"}
    assert expected("zh") == {"Han"}
    assert expected("xx") == set()
    known = {language for task in TASKS.values() for language in task.xtreme}
    assert {language for language in known if not expected(language)} == set()
