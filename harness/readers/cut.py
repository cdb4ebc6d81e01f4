"""Writes the data of the example studies: ``python -m harness.readers.cut XTREME_FOLDER NEW_FOLDER``.

Each file of UDPOS and PAN-X keeps its first sentences: 100 of every test set, 300 of dev, and all of train. The folders
have the layout of XTREME's download script, ``udpos/test-de.tsv``.
"""

import sys
from itertools import groupby, islice
from pathlib import Path

SENTENCES = {"test": 100, "dev": 300}


def cut(source: Path, destination: Path) -> None:
    """Write the first sentences of each ``.tsv`` file of ``source`` to ``destination``.

    An empty line ends a sentence. Raises ``OSError`` if a file cannot be read or written.
    """
    destination.mkdir(parents=True, exist_ok=True)
    for file in sorted(source.glob("*.tsv")):
        with file.open(encoding="utf-8") as lines:
            sentences = (list(group) for full, group in groupby(lines, key=lambda line: line.strip() != "") if full)
            kept = islice(sentences, SENTENCES.get(file.name.partition("-")[0]))
            text = "\n".join("".join(sentence) for sentence in kept)
        (destination / file.name).write_text(text, encoding="utf-8")


def main(arguments: list[str]) -> str | int:
    """Cut the files of both tasks. Returns 0, or the message of an error."""
    if len(arguments) != 2:
        return "usage: python -m harness.readers.cut XTREME_FOLDER NEW_FOLDER"
    source, destination = map(Path, arguments)
    tasks = [task for task in ("udpos", "panx") if any((source / task).glob("*.tsv"))]
    if not tasks:
        return f"steadytune: no .tsv files of udpos or panx under {source}"
    for task in tasks:
        cut(source / task, destination / task)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
