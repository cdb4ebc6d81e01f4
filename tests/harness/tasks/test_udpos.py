"""UDPOS: reading, aligning labels with sub-words, windows, and the F1 by hand."""

from pathlib import Path

import pytest

from harness.common.errors import UserError
from harness.data import reading
from harness.data.origin import Origin
from harness.encoders import loading, pinning
from harness.tasks import task_named
from harness.tasks.udpos import Udpos

TASK = Udpos()


def test_f1_by_hand() -> None:
    ids = {label: i for i, label in enumerate(TASK.labels)}
    gold = [[ids[t] for t in ("DET", "NOUN", "NOUN", "VERB", "ADP", "SYM", "SYM", "PUNCT")]]
    guess = [[ids[t] for t in ("DET", "NOUN", "ADJ", "VERB", "ADP", "SYM", "SYM", "PUNCT")]]
    # Gold: DET, NOUN NOUN as one, VERB, ADP, SYM, SYM, PUNCT: 7. The broken noun pair is wrong, and the guess has 8.
    assert TASK.scores(gold, guess)["f1"] == pytest.approx(100 * 2 * 6 / (7 + 8))
    assert TASK.scores(gold, guess)["accuracy"] == pytest.approx(100 * 7 / 8)


def test_labels_stand_on_first_sub_words_and_nothing_shifts() -> None:
    tokenizer = loading.tokenizer(pinning.find("embedded"))
    # The zero-width space and the control character have no sub-word. They must not shift the next words' labels.
    words = ("Unbelievable", "\u200b", "dogs", "\u0007", "bark")
    tags = ("ADJ", "SYM", "NOUN", "X", "VERB")
    rows = TASK.encode([(words, tags)], tokenizer, 128)
    labelled = [TASK.labels[label] for label in rows["labels"][0] if label != -100]
    kept = rows["words"][0]
    assert labelled == [tags[i] for i in kept]
    assert {0, 2, 4} <= set(kept)
    predicted = [[7] * len(rows["labels"][0])]
    gathered = TASK.gather(TASK.gold([(words, tags)]), rows, predicted)[0]
    assert [gathered[i] for i in kept] == [7] * len(kept)
    assert all(gathered[i] == -1 for i in range(5) if i not in kept)


@pytest.mark.parametrize("max_length", [8, 12, 128])
def test_windows_lose_no_word(max_length: int) -> None:
    tokenizer = loading.tokenizer(pinning.find("embedded"))
    sentences = reading.examples(Origin("udpos", "embedded"), "test", "ja").rows[:20]
    rows = TASK.encode(sentences, tokenizer, max_length)
    assert all(len(ids) <= max_length for ids in rows["input_ids"])
    assert (len(rows) > len(sentences)) == (max_length < 64)
    seen = sorted((n, word) for n, words in zip(rows["example"], rows["words"], strict=True) for word in words)
    assert seen == [(n, i) for n, (words, _) in enumerate(sentences) for i in range(len(words))]
    perfect = [[max(label, 0) for label in labels] for labels in rows["labels"]]
    assert TASK.gather(TASK.gold(sentences), rows, perfect) == TASK.gold(sentences)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("Dogs\tNOUN\nbark VERB\n", r"test-de\.tsv:2: expected 'word<TAB>tag', found 'bark VERB'"),
        ("Dogs\tNOUN\tx\n", r"test-de\.tsv:1: tag: there is no 'x'"),
        ("Dogs\tNOUN\n\nbark\tVREB\n", r"test-de\.tsv:3: tag: there is no 'VREB'\. Did you mean 'VERB'\?"),
        ("\n\n", r"test-de\.tsv: the file has no sentences"),
    ],
)
def test_malformed_files_are_named_with_their_line(data_folder: Path, content: str, message: str) -> None:
    (data_folder / "udpos" / "test-de.tsv").write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        reading.examples(Origin("udpos", str(data_folder)), "test", "de")


def test_bytes_that_are_no_text_are_refused(data_folder: Path) -> None:
    (data_folder / "udpos" / "test-de.tsv").write_bytes(b"Dogs\tNOUN\ncaf\xe9\tNOUN\n")
    with pytest.raises(UserError, match=r"test-de\.tsv:2: not UTF-8 text \(invalid continuation byte at byte 3\)"):
        reading.examples(Origin("udpos", str(data_folder)), "test", "de")


def test_an_unknown_task_gets_the_nearest_name() -> None:
    with pytest.raises(UserError, match="Did you mean 'udpos'"):
        task_named("udpso")
