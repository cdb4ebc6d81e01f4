"""The published tables that match a study, and the study's scores beside theirs."""

from collections.abc import Collection

import pandas as pd

from analysis.published import (
    KEYS,
    MBERT,
    SOURCE,
    TABLES,
    XLMR_LARGE,
    ZERO_SHOT,
    Kind,
    load,
    of_task,
    table,
    targets_of,
    wide,
)
from harness.common.errors import UserError, bad, unknown

OURS = ("method", "language", "mean", "std", "runs")
SHARED = "zero-shot, shared languages"
"""The row with both averages over the common target languages."""


def encoder_of(name: str) -> str:
    """The paper's encoder beside a study's: XLM-R Large if the name or path says so, else mBERT."""
    plain = name.lower().replace("-", "").replace("_", "")
    return XLMR_LARGE if "xlmr" in plain and "large" in plain else MBERT


def matching(task: str, methods: Collection[str], kind: str, encoder: str = MBERT) -> list[int]:
    """The numbers of the tables that have a kind (``Kind``), a task, an encoder and at least one of the methods.

    ``methods`` are named as in the tables: vanilla, l2, ewc, ewc(target+en), ewc(mix target-en), soft_prompt, bitfit,
    adapter. Tables of hyperparameters match nothing, and the table of correlations matches any methods. Empty if the
    paper has no such table. Raises ``UserError`` for a kind or an encoder that the paper does not have.
    """
    if kind not in [*Kind]:
        raise unknown("kind", kind, [known.value for known in Kind])
    if encoder not in (MBERT, XLMR_LARGE):
        raise unknown("encoder", encoder, (MBERT, XLMR_LARGE))
    if kind == Kind.SETTINGS:
        return []
    found = [t.number for t in TABLES.values() if t.kind == kind and task in t.tasks and t.encoder == encoder]
    return (
        found
        if kind == Kind.CORRELATION
        else [number for number in found if set(methods) & set(load(number)["method"])]
    )


def beside(number: int, ours: pd.DataFrame, task: str | None = None) -> pd.DataFrame:
    """A published table with our scores beside it, one row per row of the table.

    Args:
        number: the table.
        ours: one row per method × language, with columns method, language, mean, std and runs. Methods are named as in
            the table. Languages include ``zero-shot`` for the average and ``en`` for the source. std is NaN for too few
            runs.
        task: needed for a table with several tasks.

    Returns:
        Columns method, language, theirs_mean, theirs_std, theirs_runs, ours_mean, ours_std, ours_runs, difference (ours
        − theirs) and note. The note says why a difference is missing, or why the two figures are not comparable.
        Missing numbers are ``pd.NA``, such as standard deviations that a table does not print, or numbers of runs that
        the paper does not state. If the two averages are over different languages, and the table prints the common
        languages, a row ``SHARED`` follows the method's rows. It has both means over these languages, but no std.

    Raises:
        UserError: the table is unknown, has no scores or lacks the task, or ``ours`` lacks columns or repeats rows.
    """
    found = table(number)
    if found.kind in (Kind.SETTINGS, Kind.CORRELATION):
        raise bad("published table", number, "a table of scores")
    _check(ours)
    theirs = wide(of_task(number, task)).assign(runs=float(found.runs) if found.runs else None)
    mine = ours.set_index(KEYS)[["mean", "std", "runs"]].dropna(subset="mean")
    both = theirs.add_prefix("theirs_").join(mine.add_prefix("ours_"), how="left").astype("Float64")
    met = set(mine.index.get_level_values("method"))
    both["note"] = [
        "" if key in mine.index else f"not in our scores: {key[0]}{f', {key[1]}' * (key[0] in met)}"
        for key in both.index
    ]
    behind = targets_of(number, task)
    pieces = [
        piece
        for method, rows in both.groupby("method", sort=False)
        for piece in _with_shared(str(method), rows, mine, behind)
    ]
    joined = pd.concat([piece.astype({"note": "object"}) for piece in pieces])
    joined["difference"] = joined["ours_mean"] - joined["theirs_mean"]
    columns = [f"{whose}_{what}" for whose in ("theirs", "ours") for what in ("mean", "std", "runs")]
    return joined[[*columns, "difference", "note"]].reset_index()


def _check(ours: pd.DataFrame) -> None:
    if lacking := [name for name in OURS if name not in ours]:
        raise UserError(f"our scores: there is no column {', '.join(lacking)}; give {', '.join(OURS)}")
    if ours.duplicated(KEYS).any():
        raise bad("our scores", tuple(ours.loc[ours.duplicated(KEYS), KEYS].iloc[0]), "one row per method and language")


def _with_shared(method: str, rows: pd.DataFrame, mine: pd.DataFrame, behind: list[str]) -> list[pd.DataFrame]:
    """A method's rows, with a note on its average, and a row ``SHARED`` if the two averages are over different
    languages.

    The note is set only if both averages exist.
    """
    key = (method, ZERO_SHOT)
    if key not in rows.index or key not in mine.index:
        return [rows]
    here = [language for language in mine.xs(method, level="method").index if language not in (SOURCE, ZERO_SHOT)]
    rows.loc[[key], "note"] = _averages(here, behind)
    shared = pd.MultiIndex.from_product([[method], [language for language in behind if language in here]], names=KEYS)
    if set(here) == set(behind) or not len(shared) or not shared.isin(rows.index).all():
        return [rows]
    line = {"theirs_mean": rows.loc[shared, "theirs_mean"].mean(), "ours_mean": mine.loc[shared, "mean"].mean()}
    index = pd.MultiIndex.from_tuples([(method, SHARED)], names=KEYS)
    note = f"both over {', '.join(shared.get_level_values('language'))}"
    return [rows, pd.DataFrame([line], index=index).astype("Float64").assign(note=note)]


def _averages(here: list[str], behind: list[str]) -> str:
    """A note on differences between the languages of the two averages."""
    if not behind:
        return "the paper does not say which languages its average is over"
    if not here:
        return f"theirs is over {len(behind)} languages; the languages of ours are not known"
    if set(here) == set(behind):
        return ""
    common = len(set(here) & set(behind))
    return f"not over the same languages: theirs over {len(behind)}, ours over {len(here)}, {common} in common"
