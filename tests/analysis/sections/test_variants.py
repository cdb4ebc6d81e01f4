"""The section on EWC's variants."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.sections import variants
from tests.helpers.report_rows import Rows, cells, replace_method, run, score, std, table_of, view


def test_ewc_variants_are_side_by_side_on_common_languages() -> None:
    random = np.random.default_rng(4)
    scored = {
        "vanilla": ("de", "hi", "fr"),
        "ewc(strength=10)": ("de", "fr"),
        "ewc(target+en, strength=10)": ("fr", "hi", "de"),
        "ewc(mix target-en, strength=10)": ("de", "fr"),
        "bitfit": ("de", "hi", "fr"),
    }
    rows: Rows = []
    for (method, codes), seed in itertools.product(scored.items(), range(3)):
        rows += run(method, seed, {code: float(random.normal(60, 3)) for code in ("en", *codes)})
    table = table_of(variants.section(view(rows)), "variants")
    assert set(table.header) == {"method", "en", "de", "fr"}
    assert [row[0] for row in table.rows] == [method for method in scored if method != "bitfit"]
    frame = pd.DataFrame(rows)
    for method, code in itertools.product([row[0] for row in table.rows], ("en", "de", "fr")):
        of = frame[(frame["method"] == method) & (frame["language"] == code)]["score"]
        assert replace(cells(table, str(method))[code], best=False) == score(of.mean(), std(of), 3)
    assert table.notes[-1] == "Bold: the highest mean of a column among the means over the most finished runs."
    best_german = (
        frame[(frame["language"] == "de") & (frame["method"] != "bitfit")].groupby("method")["score"].mean().idxmax()
    )
    assert [row[0] for row in table.rows if row[table.header.index("de")].best] == [best_german]  # type: ignore[union-attr]
    other = [replace_method(row, "ewc(strength=20)") for row in rows if row["method"] == "ewc(strength=10)"]
    plain_only = [row for row in rows if row["method"] in ("vanilla", "ewc(strength=10)")] + other
    assert variants.section(view(plain_only)) is None  # strengths are no variants
