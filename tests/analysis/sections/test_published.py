"""The section beside the paper: figures, claims, and the conditions for it."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.published import figures
from analysis.rendering.cells import Change, Score
from analysis.rendering.section import Section
from analysis.results.merge import side_by_side
from analysis.sections import published, spread
from tests.helpers.report_rows import COLD, HOT, WARM, Rows, at_rates, cells, plain, run, std, table_of, view, words

XNLI = tuple(code for code in figures(2, "xnli")["vanilla"] if code not in ("en", "zero-shot"))


def xnli(
    methods: Mapping[str, float], *, encoder: str = "bert-base-multilingual-cased", task: str = "xnli", dev: bool = True
) -> Rows:
    """Three seeds of methods, with target scores around these values."""
    random = np.random.default_rng(14)
    rows: Rows = []
    for (method, level), seed in itertools.product(methods.items(), range(3)):
        scores: dict[str, float | None] = {"en": 80 + level / 100 + seed}
        scores |= {code: float(level + random.normal(0, 0.1)) for code in XNLI}
        rows += run(method, seed, scores, dev=80 + level / 100 if dev else None, encoder=encoder, task=task)
    return rows


def test_the_papers_encoder_has_the_papers_figures_beside_it() -> None:
    rows = xnli({"vanilla": 64.0, "l2(strength=0.1)": 67.0})
    section = published.section(view(rows))
    table = table_of(section, "published-02")
    frame = pd.DataFrame(rows)
    theirs = figures(2, "xnli")
    for method, name in (("vanilla", "vanilla"), ("l2(strength=0.1)", "l2")):
        mine = frame[(frame["method"] == method) & (frame["split"] == "test")]
        for code in ("en", *XNLI):
            of = mine[mine["language"] == code]["score"]
            row = cells(table, name, code)
            assert row["ours"] == Score(pytest.approx(of.mean()), pytest.approx(std(of)), 1, 1)
            assert row["the paper"].mean == theirs[name][code]
            assert row["ours − the paper's"].value == pytest.approx(of.mean() - theirs[name][code])
            assert row["our runs"] == "3"
        average = mine[mine["language"] != "en"].groupby("seed")["score"].mean()
        row = cells(table_of(section, "published-01"), name, "zero-shot")
        assert row["ours − the paper's"].value == pytest.approx(average.mean() - figures(1, "xnli")[name]["zero-shot"])
    assert "directions can be compared" not in words(section)


def test_other_encoders_only_where_asked_and_other_tasks_not_at_all() -> None:
    rows = xnli({"vanilla": 64.0}, encoder="embedded")
    assert published.section(view(rows)) is None
    assert "these for embedded: directions can be compared, levels cannot" in words(
        published.section(view(rows, published=True))
    )
    own = xnli({"vanilla": 64.0}, task="mine")
    assert published.section(view(own)) is None
    text = words(published.section(view(own, published=True)))
    assert "The paper has no results on the task 'mine'; it has xnli, panx, udpos, pawsx." in text
    unnamed = words(published.section(view(xnli({"vanilla": 64.0}, task=""), published=True)))
    assert "The paper has no results on the task of these runs; it has" in unnamed


def test_claims_go_by_direction() -> None:
    sentence = "Fine-tuning with L2-distance regularization outperforms vanilla fine-tuning across all four tasks."
    for level, verdict in ((67.0, "holds"), (61.0, "does not hold")):
        rows = xnli({"vanilla": 64.0, "l2(strength=0.1)": level})
        frame = pd.DataFrame(rows)
        mean = frame[(frame["split"] == "test") & (frame["language"] != "en")].groupby("method")["score"].mean()
        row = cells(table_of(published.section(view(rows)), "claims-best"), sentence)
        assert (row["direction"], row["what is compared"]) == (verdict, "zero-shot score, points: l2 above vanilla")
        assert (row["the first"].value, row["the second"].value) == pytest.approx(
            (mean["l2(strength=0.1)"], mean["vanilla"])
        )


def test_claims_on_languages_count_them_and_say_which() -> None:
    scores = {"vanilla": 64.0, "l2(strength=0.1)": 67.0, "ewc(strength=1)": 60.0}
    rows = [
        {**row, "score": 10.0} if row["method"].startswith("l2") and row["language"] == "sw" else row
        for row in xnli(scores)
    ]
    table = table_of(published.section(view(rows)), "claims-best")
    sentence = "w/ L2 consistently performs better for all the languages than vanilla fine-tuning and w/ EWC."
    for base in ("vanilla", "ewc"):
        row = cells(table, sentence, "5.1", f"languages: l2 above {base}")
        assert [plain(row[head]) for head in ("the first", "the second", "direction", "note")] == [
            f"{len(XNLI) - 1}", f"{len(XNLI)}", "does not hold", "not in sw"
        ]  # fmt: skip
    assert any("the first figure counts the languages that support the claim" in note for note in table.notes)


def test_sensitivity_is_of_settings_that_the_baseline_has_too() -> None:
    paper: dict[str, Any] = {"encoder": "bert-base-multilingual-cased", "task": "xnli"}
    rates: dict[str, list[float]] = {"vanilla": [COLD], "l2(strength=1)": [WARM]}

    def names(rates: Mapping[str, Sequence[float]]) -> tuple[set[str], str, Section]:
        section = published.section(view(at_rates(rates, **paper)))
        assert section is not None
        return {table.name for table in section.tables}, words(section), section

    several = {"published-03", "published-04", "claims-sensitivity"}
    assert not names(rates)[0] & several
    assert not names({"vanilla": [COLD], "l2(strength=1)": [COLD, WARM]})[0] & {"claims-sensitivity"}
    found, text, section = names({"vanilla": [COLD, WARM], "l2(strength=1)": [WARM, HOT]})
    assert "Settings of l2: 2, of vanilla: 2, of both: 1. l2 is left out of the figures" in text
    assert {(row[0], plain(row[3]) == "–") for row in table_of(section, "published-03").rows} == {
        ("vanilla", False),
        ("l2", True),
    }
    assert not any("l2" in plain(row[2]) for row in table_of(section, "claims-sensitivity").rows)
    found, text, section = names({"vanilla": [COLD, WARM, HOT], "l2(strength=1)": [COLD, WARM]})
    assert found >= several
    assert "Settings of l2: 2, of vanilla: 3, of both: 2. l2 is compared over its own settings." in text
    found, text, section = names({"vanilla": [COLD, WARM], "l2(strength=1)": [COLD, WARM]})
    assert "Settings of l2" not in text
    assert cells(table_of(section, "published-03"), "l2", "zero-shot")["our runs"] == "4"


def test_the_extreme_is_the_largest_rate_that_the_papers_methods_have() -> None:
    paper: dict[str, Any] = {"encoder": "bert-base-multilingual-cased", "task": "xnli"}
    alone = published.section(view(at_rates({"vanilla": [COLD], "l2(strength=1)": [HOT]}, **paper)))
    assert not {table.name for table in alone.tables} & {"published-14", "claims-extreme"}  # type: ignore[union-attr]
    rows = at_rates({"vanilla": [COLD, HOT], "l2(strength=1)": [COLD, HOT, 1e-3], "bitfit": [1e-3, 1e-2]}, **paper)
    frame = pd.DataFrame(rows)
    here = frame[(frame["split"] == "test") & (frame["language"] != "en") & (frame["learning_rate"] == HOT)]
    table = table_of(published.section(view(rows)), "published-14")
    for method, name in (("vanilla", "vanilla"), ("l2(strength=1)", "l2")):
        assert cells(table, name)["ours"].mean == pytest.approx(here[here["method"] == method]["score"].mean())


@pytest.mark.parametrize(
    ("percent", "text", "tex"),
    [
        (6735.0, "×68 (n=8)", r"$\times 68$ ($n=8$)"),
        (1000.0, "×11 (n=8)", r"$\times 11$ ($n=8$)"),
        (999.4, "+999 % (n=8)", r"$+999\,\%$ ($n=8$)"),
        (-99.0, "-99 % (n=8)", r"$-99\,\%$ ($n=8$)"),
    ],
)
def test_a_large_change_reads_as_a_factor(percent: float, text: str, tex: str) -> None:
    change = Change(percent, 8)
    assert (change.plain(), change.markdown(), str(change.html()), change.latex()) == (text, text, text, tex)
    assert change.numbers() == {"percent": percent, "runs": 8}


@pytest.mark.parametrize("dev", [True, False])
def test_of_two_strengths_one_is_shown_and_named(dev: bool) -> None:
    section = published.section(
        view(xnli({"vanilla": 64.0, "l2(strength=0.1)": 62.0, "l2(strength=1)": 67.0}, dev=dev))
    )
    text = words(section)
    assert f"best source {'dev' if dev else 'test'} score: l2(strength=1)" in text
    assert cells(table_of(section, "published-01"), "l2", "zero-shot")["ours"].mean == pytest.approx(67.0, abs=0.1)


@pytest.mark.parametrize(
    ("reproduces", "numbers"),
    [("Table 14", {14}), ("Tables 1, 2", {1, 2}), ("Table 5", {1, 2}), ("Figure 1", {1, 2}), ("", {1, 2})],
)
def test_a_study_that_names_its_tables_is_put_beside_those(reproduces: str, numbers: set[int]) -> None:
    """One setting and three seeds resemble Tables 1 and 2, because a stress test needs several learning rates."""
    seen = view(xnli({"vanilla": 40.0, "l2(strength=0.01)": 45.0}))
    seen = replace(seen, results=replace(seen.results, about=replace(seen.results.about, reproduces=reproduces)))
    section = published.section(seen)
    assert section is not None
    found = {int(table.name.removeprefix("published-")) for table in section.tables if table.name[-2:].isdigit()}
    assert found == numbers if reproduces not in ("", "Table 5", "Figure 1") else found >= numbers


def test_ewc_is_the_papers_wherever_its_text_is_from() -> None:
    seen = view(xnli({"vanilla": 64.0, "ewc(text=wikipedia, examples=1000, strength=100)": 63.0}))
    assert cells(table_of(published.section(seen), "published-02"), "ewc", "de")["our runs"] == "3"


def test_a_comparison_of_two_studies_is_not_put_beside_the_paper() -> None:
    both = side_by_side("one", view(xnli({"vanilla": 64.0})), "two", view(xnli({"vanilla": 65.0})))
    assert published.section(replace(both, published=True)) is None
    assert spread.section(both) is not None
