"""Text for the Fisher diagonal: available text, and refused text."""

from pathlib import Path

import pytest

from harness import embedded
from harness.common.errors import UserError
from harness.data import corpus
from harness.data.origin import Origin
from harness.encoders import pinning
from harness.fisher.windows import windows
from harness.methods.fisher_estimate import Estimate
from tests.helpers.data import ORIGIN


def test_more_examples_than_the_text_has_are_refused(tmp_path: Path) -> None:
    (tmp_path / "de.txt").write_text("Ein einziger Satz .\n", encoding="utf-8")
    with pytest.raises(UserError, match="examples: 2 is not allowed; give at most 1 in all: the text for 'de' has 1"):
        windows(pinning.find("embedded"), Estimate(languages=("de",), examples=2, text=str(tmp_path)), ORIGIN)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "de.txt does not exist; languages with text there: none"),
        ({"fr.txt": "Une phrase"}, "de.txt does not exist; languages with text there: fr"),
        ({"de.txt": "\n \n"}, "de.txt is empty; give one passage a line"),
        ({"de.txt": ""}, "de.txt is empty; give one passage a line"),
    ],
)
def test_a_language_without_text_is_refused(tmp_path: Path, files: dict[str, str], message: str) -> None:
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        corpus.passages(str(tmp_path), "de", 3, ORIGIN)


def test_text_too_short_to_mask_anything_is_refused(tmp_path: Path) -> None:
    """The diagonal would be zero, and ewc would silently equal vanilla."""
    (tmp_path / "de.txt").write_text("Ja .\n", encoding="utf-8")
    refused = 0
    for seed in range(12):
        estimate = Estimate(languages=("de",), examples=1, text=str(tmp_path), masking_seed=seed)
        try:
            assert len(windows(pinning.find("embedded"), estimate, ORIGIN)[0].masked)
        except UserError as error:
            assert "the text for 'de' is so short that no token of it is masked" in str(error)  # noqa: PT017
            refused += 1
    assert 0 < refused < 12


def test_line_ends_and_byte_order_marks_are_not_part_of_the_text(tmp_path: Path) -> None:
    (tmp_path / "de.txt").write_bytes(b"\xef\xbb\xbfEins .\r\n\r\nZwei .\r\n")
    assert corpus.passages(str(tmp_path), "de", 5, ORIGIN) == ("Eins .", "Zwei .")
    (tmp_path / "fr.txt").write_bytes(b"Une\n\xff\n")
    with pytest.raises(UserError, match=r"fr\.txt:2: not UTF-8 text"):
        corpus.passages(str(tmp_path), "fr", 5, ORIGIN)
    with pytest.raises(UserError, match="text: '' is not allowed"):
        Estimate(languages=("de",), text="")


def test_the_error_for_missing_text_names_the_available_text() -> None:
    words = r"'embedded', 'task', 'wikipedia', 'xnli', 'panx', 'udpos', 'pawsx', .* or a folder that exists"
    with pytest.raises(UserError, match=rf"text: 'wikipdia' is not allowed; give {words}"):
        corpus.passages("wikipdia", "de", 3, ORIGIN)


def test_the_text_of_a_task_is_the_text_of_its_test_set() -> None:
    sentence = (embedded.DATA / "udpos" / "test-de.tsv").read_text(encoding="utf-8").split("\n\n")[0]
    first = " ".join(line.split("\t")[0] for line in sentence.split("\n"))
    assert corpus.passages("task", "de", 1, ORIGIN) == (first,)
    pairs = corpus.passages("task", "de", 400, Origin("pawsx", "embedded"))
    assert len(pairs) == len(set(pairs)) > 200
    assert not any("\t" in passage for passage in pairs)
