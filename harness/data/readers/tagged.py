"""Tagged sentences as a table: one row per sentence, and a list of text in every cell."""

import pandas as pd

from harness import readers
from harness.common import files


def tagged(content: bytes, where: str) -> pd.DataFrame:
    """The columns ``words`` and ``tags``, and each other column of the file by its name.

    Names are pos, chunk and ner in CoNLL-2003, and lemma, upos, xpos and so on in CoNLL-U. ``tags`` is the last column,
    in CoNLL-U upos. A missing value of a word is ``None``. Raises ``UserError`` like ``harness.readers.columns``.
    """
    found = readers.columns(list(files.numbered(content, where)), where)
    table: dict[str, list[list[str | None]]] = {
        "words": [[row.cells[found.word] for row in of] for of in found.sentences]
    }
    for name, place in {"tags": found.tag, **dict(zip(found.names, range(len(found.names)), strict=True))}.items():
        if place != found.word:
            cells = ([row.cells[place] for row in of] for of in found.sentences)
            table[name] = [[None if cell == found.missing else cell for cell in of] for of in cells]
    return pd.DataFrame(table, dtype=object)
