"""Our tables beside the published ones."""

import numpy as np
import pandas as pd
import pytest

from analysis.published import TABLES, TASKS, XLMR_LARGE, ZERO_SHOT, Kind
from analysis.published.judging import plain
from analysis.published.side_by_side import SHARED, beside, encoder_of, matching
from harness.common.errors import UserError
from tests.helpers.published import NAN, ROWS, ours


def test_tables_that_belong_to_a_study() -> None:
    both = ["vanilla", "l2"]
    assert matching("xnli", both, "best") == [1, 2]
    assert [matching(task, both, "sensitivity") for task in TASKS] == [[3, 4], [3, 11], [3, 12], [3, 13]]
    assert matching("pawsx", ["ewc"], Kind.BEST) == [1, 9]
    assert matching("pawsx", ["ewc"], "sensitivity") == []
    assert matching("xnli", ["bitfit"], "frozen") == [6, 17]
    assert matching("udpos", ["vanilla"], "frozen") == [6]
    assert matching("panx", ["adapter"], "frozen") == []
    assert matching("panx", both, "extreme") == [14]
    assert matching("xnli", ["ewc(target+en)"], "ewc-variants") == [15]
    assert matching("udpos", ["lora"], "best") == []
    assert matching("udpos", [], "correlation") == [5]
    assert matching("xnli", both, "settings") == []
    assert [matching(task, both, "best", XLMR_LARGE) for task in TASKS] == [[19], [20], [21], [22]]
    assert encoder_of("FacebookAI/xlm-roberta-large") == encoder_of("xlmr-large") == XLMR_LARGE
    assert (
        encoder_of("xlm-roberta-base")
        == encoder_of("bert-base-multilingual-cased")
        == encoder_of("embedded")
        == "mBERT"
    )
    with pytest.raises(UserError, match="Did you mean 'sensitivity'"):
        matching("xnli", both, "sensitvity")
    with pytest.raises(UserError, match="Known: XLM-R Large, mBERT"):
        matching("xnli", both, "best", "gpt")


def test_ours_beside_theirs() -> None:
    mine = ours(
        ("vanilla", "en", 80.0, 0.5, 3),
        ("vanilla", ZERO_SHOT, 60.0, NAN, 1),
        ("vanilla", "de", 70.0, 1.0, 3),
        ("vanilla", "fr", 72.0, 1.0, 3),
        ("vanilla", "ja", 40.0, 1.0, 3),
        ("lora", "de", 1.0, 1.0, 3),
    )
    found = beside(2, mine).set_index(["method", "language"])
    assert len(found) == ROWS[2] + 1
    row = found.loc[("vanilla", "de")]
    assert [*row[["theirs_mean", "ours_mean", "ours_std", "ours_runs"]]] == [69.18, 70.0, 1.0, 3.0]
    assert row["difference"] == pytest.approx(0.82)
    assert (row["note"], row["theirs_runs"], row["theirs_std"]) == ("", 3, pd.NA)
    assert found.loc[("vanilla", "ar"), "note"] == "not in our scores: vanilla, ar"
    assert found.loc[("l2", "de"), "note"] == "not in our scores: l2"
    assert found.loc[("l2", "de"), "difference"] is pd.NA
    average, shared = found.loc[("vanilla", ZERO_SHOT)], found.loc[("vanilla", SHARED)]
    assert average["note"] == "not over the same languages: theirs over 13, ours over 3, 2 in common"
    assert shared["note"] == "both over de, fr"
    assert shared["theirs_mean"] == pytest.approx((69.18 + 72.43) / 2)
    assert shared["difference"] == pytest.approx(71 - (69.18 + 72.43) / 2)
    assert [*found.index.get_level_values("method").unique()] == ["vanilla", "ewc", "l2"]


def test_a_table_beside_itself_differs_by_nothing() -> None:
    for table, about in TABLES.items():
        if about.kind in (Kind.SETTINGS, Kind.CORRELATION):
            with pytest.raises(UserError, match="a table of scores"):
                beside(table, ours())
            continue
        for task in about.tasks:
            theirs = plain(table, task).assign(runs=5)
            found = beside(table, theirs, task)
            assert len(found) == len(theirs)
            assert (found["difference"] == 0).all()
            np.testing.assert_array_equal(
                found["ours_std"].to_numpy(float, na_value=NAN), found["theirs_std"].to_numpy(float, na_value=NAN)
            )
            notes = {"theirs is" if note.startswith("theirs is over ") else note for note in found["note"]} - {""}
            unsaid = {14: "the paper does not say which languages its average is over"}
            assert notes == ({"theirs is"} if table in (1, 3, 6) else {unsaid[table]} if table in unsaid else set())
