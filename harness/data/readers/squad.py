"""SQuAD's JSON as a table."""

import pandas as pd

from harness.tasks.questions import squad_format


def squad(content: bytes, where: str) -> pd.DataFrame:
    """One row per question: ``id``, ``question``, ``context`` and ``answers``."""
    return pd.DataFrame(squad_format.cells(content, where), columns=list(squad_format.HUB_COLUMNS), dtype=object)
