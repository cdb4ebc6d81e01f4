"""Tagged sentences as a table: a sentence a row, a list of text in every cell."""

import pandas as pd

from harness import readers
from harness.common import files
from harness.readers import schemes

NOTES = "notes"
"""Key in a table's ``attrs``: by column what was read otherwise than it stands in the file, in words for the user."""


def tagged(content: bytes, where: str) -> pd.DataFrame:
    """The columns ``words`` and ``tags``, and each column of the file by its name: in CoNLL-2003 pos, chunk and ner, in
    CoNLL-U lemma, upos, xpos and so on.

    ``tags`` is the last, in CoNLL-U upos. What a word lacks is ``None``. Tags of entities are in IOB2.
    """
    found = readers.columns(list(files.numbered(content, where)), where)
    table: dict[str, list[list[str | None]]] = {
        "words": [[row.cells[found.word] for row in sentence] for sentence in found.sentences]
    }
    notes = {}
    for name, place in {"tags": found.tag, **dict(zip(found.names, range(len(found.names)), strict=True))}.items():
        if place == found.word:
            continue
        sentences, scheme = schemes.converted(found.words(place))
        table[name] = [[None if word.tag == found.missing else word.tag for word in sentence] for sentence in sentences]
        if scheme:
            notes[name] = f"{where}: tags in {scheme} are read as IOB2."
    made = pd.DataFrame(table, dtype=object)
    made.attrs[NOTES] = notes
    return made
