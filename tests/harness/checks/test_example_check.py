"""What is in a study's data, and what one would change."""

from pathlib import Path

import pytest

from harness.checks.example_check import Part, parts_of, sub_words, warnings
from harness.data import reading
from harness.data.origin import Origin
from harness.encoders import loading, pinning
from tests.helpers.data import folder_of

TRAIN = "Dogs\tNOUN\nbark\tVERB\n.\tPUNCT\n\nCats\tNOUN\nsleep\tVERB\n"
OTHER = "Hunde\tNOUN\nbellen\tVERB\n"


def parts(folder: Path, **files: str) -> tuple[Part, ...]:
    """Of files of UDPOS that are all different, but for those that are given."""
    given = {"train-en": TRAIN, "dev-en": "Birds\tNOUN\nsing\tVERB\n", "test-en": "Fish\tNOUN\nswim\tVERB\n"}
    return parts_of(Origin("udpos", folder_of(folder, "udpos", **{**given, "test-de": OTHER, **files})), "en", ("de",))


def test_healthy_data(tmp_path: Path) -> None:
    found = parts(tmp_path)
    assert [part.name for part in found] == ["train en", "dev en", "test en", "test de"]
    assert found[0].labels == pytest.approx({"NOUN": 40.0, "VERB": 40.0, "PUNCT": 20.0})
    assert (found[0].examples, found[0].seen, found[0].scripts) == (2, 0.0, {"Latin": 100.0})
    assert warnings(found) == []


@pytest.mark.parametrize(
    ("files", "warning"),
    [
        ({"test-de": "Hunde\tNOUN\nsehr\tADV\n"}, "the label 'ADV' is in test de and in no training example"),
        ({"test-de": "Hunde\tNOUN\n"}, "all labels of test de are 'NOUN'"),
        ({"test-de": "Fish\tNOUN\nswim\tVERB\n"}, "test en and test de have the same examples"),
        (
            {"test-en": f"{TRAIN}\nFish\tNOUN\n\nswim\tVERB\n"},
            "50.0 % of the examples of test en are in the training data",
        ),
        (
            {"test-de": "Собаки\tNOUN\nлают\tVERB\n"},
            "100 % of the letters of test de are Cyrillic; 'de' is written in Latin",
        ),
    ],
)
def test_what_one_would_change(tmp_path: Path, files: dict[str, str], warning: str) -> None:
    assert warnings(parts(tmp_path, **files)) == [warning]


def test_what_is_read_otherwise_is_kept(tmp_path: Path) -> None:
    lines = "Ann\tI-PER\nmet\tO\n\nBob\tI-PER\n"
    place = folder_of(tmp_path, "panx", **dict.fromkeys(("train-en", "dev-en", "test-en", "test-de"), lines))
    found = parts_of(Origin("panx", place), "en", ("de",))
    assert found[-1].notes == (f"{place}/panx/test-de.tsv: tags in IOB1 are read as IOB2.",)
    assert found[-1].labels.keys() == {"B-PER", "O"}


def test_a_label_of_another_source_language_is_known(tmp_path: Path) -> None:
    place = folder_of(tmp_path, "udpos", **dict.fromkeys(("train-en", "dev-en", "test-en"), TRAIN))
    for name, text in (
        ("dev-de", OTHER),
        ("train-de", OTHER + "\nsehr\tADV\n"),
        ("test-de", "sehr\tADV\nHunde\tNOUN\n"),
    ):
        (Path(place) / "udpos" / f"{name}.tsv").write_text(text, encoding="utf-8")
    assert not [one for one in warnings(parts_of(Origin("udpos", place), "en+de", ())) if "ADV" in one]


@pytest.mark.parametrize(("task", "windowed"), [("udpos", True), ("pawsx", False)])
def test_sub_words_are_those_of_the_tokenizer(task: str, windowed: bool) -> None:
    tokenizer, origin = loading.tokenizer(pinning.find("embedded")), Origin(task, "embedded")
    rows = reading.examples(origin, "test", "de").rows
    texts = [([*row[0]], None) if task == "udpos" else row[:2] for row in rows]
    lengths = [
        len(tokenizer(first, second, is_split_into_words=task == "udpos")["input_ids"]) for first, second in texts
    ]
    found = sub_words(origin, "test", "de", tokenizer, 24)
    assert (found.median, found.most) == (sorted(lengths)[len(lengths) // 2], max(lengths))
    assert found.long == pytest.approx(100 * sum(length > 24 for length in lengths) / len(lengths))
    assert (found.windowed, found.unknown) == (windowed, 0.0)


def test_the_first_example_as_the_model_sees_it() -> None:
    tokenizer = loading.tokenizer(pinning.find("embedded"))
    seen = {task: sub_words(Origin(task, "embedded"), "test", "de", tokenizer, 24).first for task in ("udpos", "pawsx")}
    _, tags = reading.examples(Origin("udpos", "embedded"), "test", "de").rows[0]
    assert [part.rpartition("/")[2] for part in seen["udpos"].split() if "/" in part[1:]] == [*tags, "s>"]
    assert seen["pawsx"].startswith("<s> ")
    assert seen["pawsx"].endswith(" </s> → " + reading.examples(Origin("pawsx", "embedded"), "test", "de").rows[0][2])
