"""Cut the embedded corpora from their sources: labelled UDPOS sentences and PAWS-X pairs, and unlabelled Wikipedia
paragraphs.

python -m harness.embedded.make_corpora --ud UD_DIR --pawsx PAWSX_DIR --text TEXT_DIR

UD_DIR holds ``train-en.tsv``, ``dev-en.tsv`` and ``test-XX.tsv`` in XTREME's layout (``word<TAB>tag``, a blank line
between sentences). They are made from Universal Dependencies 2.5 treebanks under CC BY-SA. Only whole sentences of 4 to
25 words are taken, in file order: shorter sentences teach nothing, and longer sentences make the quickstart slow.
TEXT_DIR holds ``XX.txt``, one passage a line. NOTICE names the treebanks and the passages.
PAWSX_DIR holds ``train-en.tsv``, ``dev-en.tsv`` and ``test-XX.tsv`` (``text<TAB>text<TAB>label``), all from PAWS-X's
dev set: its English pairs are split over the three English files. The first pairs of each file are taken.

The Turkish Wikipedia passages end where other material begins in the source file. The source has no passages in French,
Japanese or Korean, so these languages have labelled text only.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from harness.embedded import PAWSX, TEXT, UDPOS

TRAIN, DEV, SOURCE_TEST, TARGET_TEST = 2000, 200, 200, 100
WORDS = range(4, 26)
TARGETS = ("ar", "de", "es", "fi", "fr", "hi", "ja", "ru", "tr", "vi", "zh")
TEXT_LANGUAGES = ("ar", "de", "en", "es", "fi", "hi", "ru", "tr", "vi", "zh")
TEXT_CHARACTERS = 150_000
WIKIPEDIA_LINES = {"tr": 240}
SHORTEST_PASSAGE = 200
PAIRS = {"train-en": 1600, "dev-en": 200} | {
    f"test-{language}": 200 for language in ("de", "en", "es", "fr", "ja", "ko", "zh")
}


def sentences(path: Path) -> Iterator[str]:
    """The sentences of a file as blocks of ``word<TAB>tag`` lines."""
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        if block.strip():
            yield block.strip("\n")


def cut_sentences(source: Path, target: Path, count: int) -> None:
    kept = [s for s in sentences(source) if s.count("\n") + 1 in WORDS][:count]
    target.write_text("\n\n".join(kept) + "\n", encoding="utf-8")


def cut_text(source: Path, target: Path, lines: int | None) -> None:
    kept: list[str] = []
    size = 0
    for line in source.read_text(encoding="utf-8").splitlines()[:lines]:
        passage = " ".join(line.split())
        if len(passage) >= SHORTEST_PASSAGE and size + len(passage) <= TEXT_CHARACTERS:
            kept.append(passage)
            size += len(passage)
    target.write_text("\n".join(kept) + "\n", encoding="utf-8")


def cut_pairs(source: Path, target: Path, count: int) -> None:
    lines = source.read_text(encoding="utf-8").split("\n")[
        :count
    ]  # the texts have other characters at which splitlines would break
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ud", type=Path, required=True, help="folder of the treebanks in XTREME's layout")
    parser.add_argument("--text", type=Path, required=True, help="folder of the passages, one XX.txt a language")
    parser.add_argument("--pawsx", type=Path, required=True, help="folder of PAWS-X's dev set in XTREME's layout")
    arguments = parser.parse_args()
    for folder in (UDPOS, TEXT, PAWSX):
        folder.mkdir(parents=True, exist_ok=True)
    cuts = {"train-en": TRAIN, "dev-en": DEV, "test-en": SOURCE_TEST} | {
        f"test-{language}": TARGET_TEST for language in TARGETS
    }
    for name, count in cuts.items():
        cut_sentences(arguments.ud / f"{name}.tsv", UDPOS / f"{name}.tsv", count)
    for name, count in PAIRS.items():
        cut_pairs(arguments.pawsx / f"{name}.tsv", PAWSX / f"{name}.tsv", count)
    for language in TEXT_LANGUAGES:
        cut_text(arguments.text / f"{language}.txt", TEXT / f"{language}.txt", WIKIPEDIA_LINES.get(language))


if __name__ == "__main__":
    main()
