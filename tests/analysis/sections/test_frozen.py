"""The section on frozen encoders."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.rendering.cells import Percent
from analysis.results.view import View
from analysis.sections import frozen
from tests.helpers.report_rows import COLD, WARM, Rows, cells, marked, run, score, std, table_of, unmarked, view


def test_frozen_methods_come_last_at_their_best_setting() -> None:
    random = np.random.default_rng(3)
    methods = (
        "bitfit",
        "vanilla",
        "soft_prompt(tokens=10)",
        "adapter",
        "lora(rank=4)",
        "l2(strength=1)",
        "layer_freeze(layers=2)",
    )
    rows: Rows = []
    for method, rate, seed in itertools.product(methods, (COLD, WARM), (0, 1, 2)):
        found = {code: float(random.normal(60, 3)) for code in ("en", "de", "hi")}
        rows += run(method, seed, found, dev=float(random.normal(60, 3)), learning_rate=rate)
    frame = pd.DataFrame(rows)
    made_of = view(rows)
    table = table_of(frozen.section(made_of), "frozen")
    assert [row[0] for row in table.rows] == [
        "vanilla",
        "l2(strength=1)",
        *(m for m in methods if m not in ("vanilla", "l2(strength=1)")),
    ]
    assert [row[1] for row in table.rows] == ["trained"] * 2 + ["mostly frozen"] * 5
    best_of: dict[str, float] = {}
    for method in methods:
        mine = frame[frame["method"] == method]
        rate = mine[mine["split"] == "dev"].groupby("learning_rate")["score"].mean().idxmax()
        test = mine[(mine["split"] == "test") & (mine["learning_rate"] == rate)]
        english = test[test["language"] == "en"]["score"]
        targets = test[test["language"] != "en"].groupby("seed")["score"].mean()
        row = cells(table, method)
        mine_of = (unmarked(row["en"]), unmarked(row["zero-shot"]))
        assert mine_of == (score(english.mean(), std(english), 3), score(targets.mean(), std(targets), 3))
        best_of[method] = targets.mean()
        assert row["trained parameters"] == "–"
    assert marked(table, "zero-shot") == [max(best_of, key=lambda method: best_of[method])]
    shares = replace(made_of.results, trials=made_of.results.trials.assign(parameters=1000, trained_parameters=25))
    assert cells(frozen.table(View(shares)), "adapter")["trained parameters"] == Percent(2.5)
    assert frozen.section(view([row for row in rows if row["method"] in ("vanilla", "l2(strength=1)")])) is None
