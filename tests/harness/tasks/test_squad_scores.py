"""Exact match and F1: XTREME's mock submission to the last digit, a slow count, and each rule by hand."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.tasks import QuestionTask, squad_scores, task_named
from harness.tasks.metrics import METRICS
from harness.tasks.questions import squad_format

MOCK = Path(__file__).parents[4] / "shared" / "cases" / "xtreme_mock"
XTREME_ORDER = {
    "xquad": "en es de el ru tr ar vi th zh hi",
    "mlqa": "en es de ar hi vi zh",
    "tydiqa": "en ar bn fi id ko ru sw te",
}
"""The order in which XTREME's own script sums over languages. The last digit depends on it."""


@pytest.mark.skipif(not MOCK.is_dir(), reason="XTREME's mock submission is not here")
@pytest.mark.parametrize(
    ("name", "exact_match", "f1"),
    [
        ("xquad", 77.27272727272727, 79.9586776859504),
        ("mlqa", 57.142857142857146, 81.76870748299321),
        ("tydiqa", 88.88888888888889, 97.22222222222223),
    ],
)
def test_xtremes_mock_submission(name: str, exact_match: float, f1: float) -> None:
    task: Any = task_named(name)
    assert isinstance(task, QuestionTask)
    found = []
    for language in XTREME_ORDER[name].split():
        file = MOCK / "labels" / name / f"test-{language}.json"
        ids = [cells[0] for cells in squad_format.cells(file.read_bytes(), str(file))]
        given = json.loads((MOCK / "predictions" / name / f"test-{language}.json").read_text(encoding="utf-8"))
        predicted = [[given.get(name, "")] for name in ids]
        found.append(task.scores_in(language, task.gold(task.read(file)), predicted))
    assert sum(scores["exact_match"] for scores in found) / len(found) == exact_match
    assert sum(scores["f1"] for scores in found) / len(found) == f1


TEXTS = st.text(alphabet="aBthe n.,'\u00a0\u0130ß日本的।-1 ", max_size=20)


@given(answer=TEXTS, accepted=st.lists(TEXTS, min_size=1, max_size=3))
def test_f1_is_that_of_words_that_are_crossed_out_one_by_one(answer: str, accepted: list[str]) -> None:
    found = []
    for text in accepted:
        given_words, left, common = answer.split(), text.split(), 0
        for word in given_words:
            if word in left:
                left.remove(word)
                common += 1
        total = len(given_words) + len(text.split())
        found.append(2 * common / total if common else float(total == 0))
    assert squad_scores.f1(answer, accepted, lambda text: text, no_answer=True) == pytest.approx(max(found))
    assert squad_scores.exact_match(answer, accepted, lambda text: text) == (answer in accepted)


@pytest.mark.parametrize(
    ("answer", "normalised"),
    [
        ("The  Broncos!", "broncos"),
        ("an apple a day", "apple day"),
        ("theory", "theory"),
        ("U.S.", "us"),
        ("der Hund", "der hund"),  # English articles in every language
        ("«mot»", "«mot»"),  # ASCII's punctuation alone
        ("。", "。"),
        ("", ""),
        ("x-y", "xy"),
        ("a-the", "athe"),  # punctuation goes before articles
        ("日the", "日the"),
        ("A\u00a0B\tc", "b c"),
        ("İ", "i\u0307"),
    ],
)
def test_squads_normalisation_by_hand(answer: str, normalised: str) -> None:
    assert squad_scores.squad(answer) == normalised


@pytest.mark.parametrize(
    ("language", "answer", "normalised"),
    [
        ("en", "The «U.S.» Army", "us army"),
        ("es", "Los perros de la casa", "perros de casa"),
        ("de", "Der Hund des Manns", "hund manns"),
        ("de", "derselbe", "derselbe"),
        ("vi", "những chiếc xe của tôi", "xe tôi"),
        ("ar", "الكتاب", "كتاب"),
        ("ar", "كتاب الولد", "كتاب ولد"),
        ("hi", "राम। घर", "राम घर"),
        ("zh", "在1990年，Apple 公司", "在 1990 年 apple 公 司"),
        ("ja", "東京タワー3つ", "東 京 タ ワ ー 3 つ"),
        ("fr", "le chat", "le chat"),  # MLQA has no French: nothing is removed
    ],
)
def test_mlqas_normalisation_by_hand(language: str, answer: str, normalised: str) -> None:
    assert squad_scores.mlqa(language)(answer) == normalised


def test_f1_by_hand() -> None:
    f1, squad = squad_scores.f1, squad_scores.squad
    # Two of three words right, and two of four.
    assert f1("red green blue", ["green blue gray black"], squad) == pytest.approx(2 * (2 / 3) * (2 / 4) / (7 / 6))
    assert f1("red red", ["red"], squad) == pytest.approx(2 * 0.5 / 1.5)  # a word counts as often as it is in both
    assert f1("blue", ["red", "blue sky", "a blue."], squad) == 1.0  # the best of the accepted answers
    assert f1("red", ["blue"], squad) == 0.0
    # Words with spaces between them, unless the language has none.
    assert f1("北京", ["北京市"], squad) == 0.0
    assert f1("北京", ["北京市"], squad_scores.mlqa("zh")) == pytest.approx(2 * 1 * (2 / 3) / (5 / 3))


def test_no_answer_is_right_in_squad_2_alone() -> None:
    f1, squad = squad_scores.f1, squad_scores.squad
    assert (f1("", [""], squad, no_answer=True), f1("", [""], squad)) == (1.0, 0.0)
    assert f1("red", [""], squad, no_answer=True) == f1("", ["red"], squad, no_answer=True) == 0.0
    assert f1("the", ["an"], squad, no_answer=True) == 1.0  # nothing is left of either after normalisation
    assert squad_scores.exact_match("", [""], squad)


def test_exact_match_by_its_name() -> None:
    assert METRICS["exact_match"].function([["The end"], ["a", "b"], [""]], ["end.", "c", ""]) == pytest.approx(2 / 3)
